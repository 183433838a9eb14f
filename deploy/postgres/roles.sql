-- The roles of a warehouse on PostgreSQL 15 to 18: what each may do, and nothing else.
--
--   ecomdata_owner        owns the database; may do what the others may; forgets people, restores
--   ecomdata_loader       writes raw and the books of loads; reads nothing that is built of it
--   ecomdata_transformer  reads raw, builds staging, intermediate and final, adds to the books of
--                         runs; changes no raw row
--   ecomdata_reader       reads final, in which no name and no e-mail address stands; nothing else
--
-- Run it as a superuser in the warehouse's database, as often as you like:
--   psql --dbname ecomdata --file deploy/postgres/roles.sql
-- It gives no passwords: \password ecomdata_loader. A warehouse that one role has made is handed
-- over to these.

do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'ecomdata_owner', 'ecomdata_loader', 'ecomdata_transformer', 'ecomdata_reader'
    ] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I login', role_name);
        end if;
    end loop;
    execute format('alter database %I owner to ecomdata_owner', current_database());
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect on database %I to ecomdata_loader, ecomdata_transformer, ecomdata_reader',
        current_database()
    );
    -- The reader of a project's own server, as whom `ecomdata query` and other commands read.
    if exists (select from pg_roles where rolname = 'ecomdata_query') then
        execute format('grant connect on database %I to ecomdata_query', current_database());
    end if;
    -- A build of what changed collects it in temporary tables.
    execute format('grant temporary on database %I to ecomdata_transformer', current_database());
end $$;

grant ecomdata_loader, ecomdata_transformer to ecomdata_owner;
revoke all on schema public from public;

create schema if not exists raw;
create schema if not exists meta;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists final;
alter schema raw owner to ecomdata_loader;
alter schema meta owner to ecomdata_loader;
alter schema staging owner to ecomdata_transformer;
alter schema intermediate owner to ecomdata_transformer;
alter schema final owner to ecomdata_transformer;

-- What is there already: the loader's are the raw tables and the books, all else is built.
do $$
declare
    found record;
begin
    for found in
        select
            n.nspname as schema_name,
            c.relname as table_name,
            case when n.nspname = 'raw' or (n.nspname = 'meta' and c.relname in (
                'loads', 'reader_rejects', 'runs', 'run_steps', 'salts', 'erasures',
                'dropped_rows', 'schema_version'
            )) then 'ecomdata_loader' else 'ecomdata_transformer' end as owner_name
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where
            n.nspname in ('raw', 'meta', 'staging', 'intermediate', 'final')
            and c.relkind in ('r', 'v', 'p')
    loop
        execute format(
            'alter table %I.%I owner to %I',
            found.schema_name, found.table_name, found.owner_name
        );
    end loop;
end $$;

-- Readers were granted what somebody else would build: now the transformer does.
do $$
declare
    found record;
begin
    for found in
        select
            d.defaclrole::regrole as builder,
            a.grantee::regrole as reader
        from pg_default_acl as d
        cross join aclexplode(d.defaclacl) as a
        where
            d.defaclnamespace = 'final'::regnamespace
            and d.defaclrole <> 'ecomdata_transformer'::regrole
            and a.grantee <> 0
    loop
        execute format(
            'alter default privileges for role ecomdata_transformer in schema final'
            ' grant select on tables to %s', found.reader
        );
        execute format(
            'alter default privileges for role %s in schema final revoke all on tables from %s',
            found.builder, found.reader
        );
    end loop;
end $$;

grant usage on schema raw to ecomdata_transformer;
grant usage, create on schema meta to ecomdata_transformer;
grant usage on schema final to ecomdata_reader;
grant select on all tables in schema raw to ecomdata_transformer;
grant select on all tables in schema meta to ecomdata_transformer, ecomdata_loader;
grant select on all tables in schema final to ecomdata_reader;

-- The same for what the roles make later.
alter default privileges for role ecomdata_loader in schema raw
grant select on tables to ecomdata_transformer;
alter default privileges for role ecomdata_transformer in schema final
grant select on tables to ecomdata_reader;

-- A build is a run, too: the transformer adds to the books of runs and marks there what was killed.
-- It writes no other book and deletes nothing. Where the books are made later, whoever makes them
-- says so to the owner of final.
alter default privileges for role ecomdata_loader in schema meta
revoke insert, update on tables from ecomdata_transformer;
alter default privileges for role ecomdata_loader in schema meta
grant select on tables to ecomdata_transformer;
do $$
declare
    book name;
begin
    for book in
        select tablename from pg_tables where schemaname = 'meta' and tableowner = 'ecomdata_loader'
    loop
        execute format('revoke insert, update on meta.%I from ecomdata_transformer', book);
    end loop;
    if to_regclass('meta.runs') is not null then
        grant insert, update on meta.runs to ecomdata_transformer;
        grant insert on meta.run_steps to ecomdata_transformer;
    end if;
end $$;
