"""What the rules of tools/semgrep/secrets.yml find and what they leave alone."""


def genuine(token, expected, hook, given):
    # ruleid: secret-compared
    if token == expected:
        return True
    # ruleid: secret-compared
    if hook.signing_secret != given:
        return False
    # ok: secret-compared
    if token == "":
        return False
    # ok: secret-compared
    return constant_time_compare(token, expected)


def noted(token, user, log):
    # ruleid: secret-logged
    log.info("made %s", token)
    # ruleid: secret-logged
    log.warning("refused", password=user.password)
    # ruleid: secret-logged
    log.error(f"not sent to {token}")
    # ok: secret-logged
    log.info("made a token of %s", user.pk)
