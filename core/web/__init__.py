"""The web side of the mechanics: the path of a request, errors, the shell, live sockets."""
