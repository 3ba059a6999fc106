"""Context of the shell."""
def shell(request):
    """Values for every page."""
    return {}
