"""What the rules of tools/semgrep/data.yml find and what they leave alone."""


def asked(request, rows, cursor):
    # ruleid: keyword-from-request
    rows.filter(**request.GET.dict())
    # ruleid: keyword-from-request
    rows.order_by(request.GET["sort"])
    # ruleid: keyword-from-request
    cursor.execute("SELECT 1 ORDER BY " + request.GET["sort"])
    # ruleid: keyword-from-request
    getattr(rows, request.POST["verb"])
    # ok: keyword-from-request
    rows.filter(title__icontains=request.GET["q"])
    # ok: keyword-from-request
    cursor.execute("SELECT 1 WHERE title = %s", [request.GET["q"]])


def counted(rows):
    # ruleid: sql-in-a-door
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    # ruleid: sql-in-a-door
    rows.extra(where=["1=1"])
    # ok: sql-in-a-door
    return rows.count()


def written(actor, team):
    # ruleid: write-in-a-door
    Team.objects.create(name="Payments")
    # ruleid: write-in-a-door
    Team.objects.filter(pk=team.pk).update(name="Payments")
    # ok: write-in-a-door
    teams.rename(actor, team, name="Payments")
    # ok: write-in-a-door
    Team.objects.filter(pk=team.pk).first()


class Hook:
    # ruleid: secret-in-clear
    signing_secret = models.CharField(max_length=64)
    # ruleid: secret-in-clear
    token: str = models.TextField()
    # ok: secret-in-clear
    digest = models.CharField(max_length=64)
    # ok: secret-in-clear
    secret_sealed = models.BinaryField()
