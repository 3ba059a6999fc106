"""What the rules of tools/semgrep/doors.yml find and what they leave alone."""


# ruleid: csrf-exempt
@csrf_exempt
def hook(request):
    return HttpResponse(status=204)


# ok: csrf-exempt
@require_POST
def verb(request):
    # ruleid: client-address
    request.META.get("HTTP_X_FORWARDED_FOR", "")
    # ruleid: client-address
    request.headers["X-Real-IP"]
    # ruleid: client-address
    request.META["HTTP_REMOTE_USER"]
    # ok: client-address
    return request.META["REMOTE_ADDR"]


def fetched(address):
    # ruleid: network-door
    socket.create_connection((address, 80))
    # ruleid: network-door
    httpx.get(address)
    # ruleid: network-door
    urllib.request.urlopen(address)
    # ok: network-door
    return http.send("GET", address)


def copied(name):
    # ruleid: starts-a-process
    subprocess.run(["pg_dump", name], check=True)
    # ruleid: starts-a-process
    os.system("pg_dump " + name)
    # ok: starts-a-process
    return os.getpid()


def matched(request, rule, text):
    # ruleid: regex-of-a-person
    re.search(rule.value, text)
    # ruleid: regex-of-a-person
    re.compile(request.POST["pattern"])
    # ok: regex-of-a-person
    re.search(re.escape(request.POST["word"]), text)
    # ok: regex-of-a-person
    re2.search(rule.value, text)
