"""Middleware."""
def _pass(get_response):
    return get_response
PolicyMiddleware = RequestIdMiddleware = ActorMiddleware = ErrorMiddleware = _pass
