"""What the rules of tools/semgrep/output.yml find and what they leave alone."""


def marked(shapes, word, text, _cleaner):
    # ruleid: mark-safe
    mark_safe(text)
    # ruleid: mark-safe
    SafeString(f"<b>{text}</b>")
    # ok: mark-safe
    mark_safe('aria-hidden="true"')
    # ok: mark-safe
    mark_safe(shapes.STATES.get(word, shapes.RING))
    # ok: mark-safe
    mark_safe(_cleaner.clean(text))


def formatted(name, pattern):
    # ruleid: format-html-pattern
    format_html(f"<b>{name}</b>")
    # ruleid: format-html-pattern
    format_html("<b>" + name + "</b>")
    # ruleid: format-html-pattern
    format_html_join("", pattern, [(name,)])
    # ok: format-html-pattern
    format_html("<b>{}</b>", name)


def sent_on(request):
    following = request.GET.get("next", "/")
    # ruleid: redirect-to-request
    HttpResponseRedirect(following)
    # ruleid: redirect-to-request
    htmx.redirect(request, request.POST["back"])
    # ruleid: redirect-to-request
    HttpResponse(status=303, headers={"Location": f"{following}?x=1"})
    # ok: redirect-to-request
    HttpResponseRedirect(inward(following, fallback="/now/"))
    # ok: redirect-to-request
    HttpResponseRedirect(f"/accounts/login/?{urlencode({'next': following})}")


def shown(request):
    # ruleid: html-from-request
    HttpResponse("You looked for " + request.GET["q"])
    # ok: html-from-request
    HttpResponse(request.GET["q"], content_type="text/plain")
    # ok: html-from-request
    HttpResponse(render_to_string("found.html", {"q": request.GET["q"]}))


def linked(request, path):
    # ruleid: host-from-request
    request.build_absolute_uri(path)
    # ruleid: host-from-request
    "https://" + request.get_host() + path
    # ok: host-from-request
    is_address(request.get_host())
    # ok: host-from-request
    links.absolute(path)


def stored(request, store, key):
    # ruleid: file-from-request
    open("/srv/files/" + request.GET["name"])
    # ruleid: file-from-request
    Path(request.POST["name"])
    # ok: file-from-request
    store.open(key)


def told(query):
    try:
        query.run()
    except ValueError as error:
        # ruleid: exception-text-shown
        raise Invalid(str(error))
    except OSError as error:
        # ruleid: exception-text-shown
        raise Missing(f"Not there: {error}")
    except KeyError as error:
        log.warning("not there: %s", error)
        # ok: exception-text-shown
        raise Missing("There is no such file.")
