{# What incremental models share (docs/decisions/0017): rows of what changed are deleted and made
   anew. The models under models/changes hold the keys of what changed since the last build that
   went through; a key too many costs time and is no error, as what is made anew is the same. #}

{# Something where a model is to make only the rows of what changed, else nothing: `ecomdata build`
   says so, having noted what did. Whoever runs dbt alone makes everything. #}
{% macro only_changes() -%}
    {%- if execute and env_var('ECOMDATA_DBT_ONLY_CHANGES', '') == 'true' -%}
        {%- if is_incremental() -%}
            only changes
        {%- elif not should_full_refresh() -%}
            {{ exceptions.raise_compiler_error(
                this ~ " is missing: run ecomdata build --full-refresh"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Only rows of what changed: a WHERE, or nothing where everything is made. `keys` is an expression,
   or some; `changed` is a model and the names of its columns. #}
{% macro where_changed(keys, changed) -%}
    {%- if not execute or only_changes() %}
    where {{ in_changed([keys] if keys is string else keys, changed[0], changed[1:]) }}
    {%- endif -%}
{%- endmacro %}

{# Of several keys the first is asked for alone, too: there is an index of it. #}
{% macro in_changed(keys, model, columns) -%}
    {%- if columns | length > 1 -%}
        {{ in_changed(keys[:1], model, columns[:1]) }} and{{ " " }}
    {%- endif -%}
    ({{ keys | join(', ') }}) in ({{ changed_keys([model, columns | join(', ')]) }})
{%- endmacro %}

{# The same for a test: only the rows that an incremental model made anew. The others were looked at
   when they were made. #}
{% macro where_made_anew(model) -%}
    {%- if execute and env_var('ECOMDATA_DBT_ONLY_CHANGES', '') == 'true' -%}
        {%- set meta = graph.nodes['model.ecomdata.' ~ model.identifier].config.meta -%}
        {%- for changed, keys in meta.get('replaces', {}).items() %}
            {{ "where" if loop.first else "or" }} ({{ keys | join(', ') }}) in (
                select {{ keys.values() | join(', ') }} from {{ as_last_built('meta', changed) }}
            ) or {{ keys | join(' is null or ') }} is null
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# dbt has to see the reference when it parses, where nothing is executed yet; and must not meet it
   in unit tests, which have no such model. #}
{% macro changed_keys(changed) -%}
    {%- if not execute or only_changes() -%}
        select {{ changed[1] }} from {{ ref(changed[0]) }}
    {%- endif -%}
{%- endmacro %}

{# A table as the last build left it, read before this one changes it: no reference, as that would
   go round in a circle. #}
{% macro as_last_built(schema, model) -%}
    {{ api.Relation.create(database=this.database, schema=schema, identifier=model) }}
{%- endmacro %}

{# Rows of files that are new, gone, or other than when the models saw them. #}
{% macro of_changed_files(relation) -%}
    exists(
        select 1
        from {{ source('meta', 'changed_files') }} as changed_files
        where
            {{ relation }}._load_id = changed_files.load_id
            and {{ relation }}._file = changed_files.file
    )
{%- endmacro %}

{# The raw rows that a base model is to judge: all, or those of changed files and those of what
   changed that it knows already, by where they came from: to trim the key of every raw row costs a
   tenth of reading them all. Of a file that did not change it knows each row. #}
{% macro raw_rows(entity, key, changed) -%}
    select records.*
    from {{ source('raw', entity) }} as records
    {%- if not execute or only_changes() %}
    where {{ of_changed_files('records') }}
    union all
    select records.*
    from {{ source('raw', entity) }} as records
    inner join {{ this }} as known
        on
            records._load_id = known._load_id
            and records._file = known._file
            and records._line = known._line
    where
        coalesce(known.{{ key }}, '') in ({{ changed_keys(changed) }})
        and not {{ of_changed_files('records') }}
    {%- endif -%}
{%- endmacro %}

{# The configuration of these models. `replaces` says by which keys rows are replaced, as {model of
   keys: {expression: its column}}, all of them where it says none; `notes`, what is to be noted of
   rows that say otherwise afterwards, as {model of keys: its columns}; `told`, in which columns
   they have to, where it is not any but those of where they came from; `indexes`, see
   `indexes_wanted`; `month_of`, by which date a large table is partitioned where tables are files,
   see lake.sql. #}
{% macro replaces_changed(replaces, notes={}, told=none, indexes={}, month_of=none) -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='replace_changed',
        meta={'replaces': replaces, 'notes': notes, 'told': told, 'month_of': month_of},
        indexes=indexes_wanted(indexes),
    ) }}
{%- endmacro %}

{# The columns by which rows are compared that may have to be noted: those that are to be noted, and
   those that `told` names. #}
{% macro columns_told(notes, told, all) -%}
    {%- set named = all | reject('in', ['_load_id', '_file', '_line']) | list if told is none
        else notes.values() | sum(start=[]) + told -%}
    {{ return(named | join(', ')) }}
{%- endmacro %}

{# dbt's strategy for them, in one transaction. #}
{% macro get_incremental_replace_changed_sql(arguments) -%}
    {%- set target, latest = arguments['target_relation'], arguments['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    {%- set meta = config.get('meta') -%}
    {%- set replaced -%}
        {%- if only_changes() and meta['replaces'] -%}
            where
                {% for model, keys in meta['replaces'].items() -%}
                    {{ in_changed(keys | list, model, keys.values() | list) }}
                    {{- " or " if not loop.last }}
                {%- endfor -%}
        {%- endif -%}
    {%- endset -%}
    {%- set notes = meta['notes'] %}
    {% if notes %}
    {%- set told = columns_told(notes, meta['told'], arguments['dest_columns'] | map(attribute='name')) %}
    create temporary table rows_before as
    select {{ told }} from {{ target }} {{ replaced }};
    create temporary table other_rows as
    (select * from rows_before except select {{ told }} from {{ latest }})
    union all
    (select {{ told }} from {{ latest }} except select * from rows_before);
    {% for model, noted in notes.items() %}
    insert into {{ ref(model) }} ({{ noted | join(', ') }})
    select {{ noted | join(', ') }} from other_rows
    where {{ noted | join(' is not null and ') }} is not null
    except
    select {{ noted | join(', ') }} from {{ ref(model) }};
    {{ statistics_of(ref(model)) }}
    {% endfor %}
    drop table rows_before;
    drop table other_rows;
    {% endif %}
    delete from {{ target }} {{ replaced }};
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ latest }}
{%- endmacro %}
