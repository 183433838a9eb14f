#!/bin/sh
# Runs once, when the container's cluster is new: the roles, with their passwords from secrets.
set -eu
run() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}
run --file /roles.sql
for role in owner loader transformer reader; do
    # \set reads the file: on a command line a password could be seen
    run <<SQL
\\set password \`cat /run/secrets/${role}_password\`
alter role ecomdata_${role} password :'password';
SQL
done
