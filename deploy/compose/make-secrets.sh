#!/bin/sh
# Makes the secrets of compose.yaml that are not there yet; an existing one stays as it is.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
made() { [ -s "secrets/$1" ] || cat >"secrets/$1"; }
random() { head -c 48 /dev/urandom | base64 | tr -d '\n/+=' | cut -c1-"$1"; }
random 60 | made secret-key
random 44 | made field-keys
random 40 | made postgres-password
printf 'postgres://watchbill:%s@postgres/watchbill' "$(cat secrets/postgres-password)" | made database-url
[ -s secrets/redis-conf ] || {
    password=$(random 40)
    printf 'bind 0.0.0.0\nrequirepass %s\nsave ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n' "$password" >secrets/redis-conf
    printf 'redis://:%s@redis:6379/0' "$password" >secrets/redis-url
}
[ -s secrets/email-url ] || echo 'smtp+tls://name:password@mail.example.org:587' >secrets/email-url
# A container's process is not the owner of these files: who may enter this folder is what protects them.
chmod 700 secrets
chmod 444 secrets/*
echo "Secrets are in $(pwd)/secrets; put the address of your mail server into secrets/email-url."
