{%- set entities = ['customers', 'products', 'orders', 'returns'] -%}

with

loads as (

    select * from {{ source('meta', 'loads') }}

),

dropped_rows as (

    select * from {{ source('meta', 'dropped_rows') }}

),

{% for entity in entities -%}
{{ entity }} as (

    select * from {{ ref('base_' ~ entity) }}

),

{{ entity }}_counted as (

    select
        '{{ entity }}' as entity,
        _load_id as load_id,
        _file as file,
        count(*) as raw_rows,
        count(case when is_superseded then 1 end) as superseded_rows,
        count(case when not is_superseded and rule is not null then 1 end) as quarantined_rows,
        count(case when not is_superseded and rule is null then 1 end) as staged_rows
    from {{ entity }}
    group by _load_id, _file

),

{% endfor -%}

rows_listed as (

    {% for entity in entities -%}
    select * from {{ entity }}_counted
    union all
    {% endfor -%}
    {# Superseded rows that `ecomdata retain` has dropped count as if they were there. #}
    select
        entity,
        load_id,
        file,
        number as raw_rows,
        number as superseded_rows,
        0 as quarantined_rows,
        0 as staged_rows
    from dropped_rows

),

rows_counted as (

    select
        entity,
        load_id,
        file,
        sum(raw_rows) as raw_rows,
        sum(superseded_rows) as superseded_rows,
        sum(quarantined_rows) as quarantined_rows,
        sum(staged_rows) as staged_rows
    from rows_listed
    group by entity, load_id, file

),

files_described as (

    select
        loads.load_id,
        loads.file,
        coalesce(rows_counted.entity, '(none)') as entity,
        loads.source,
        loads.records_read,
        loads.rows_rejected,
        loads.rows_loaded,
        cast(coalesce(rows_counted.raw_rows, 0) as bigint) as raw_rows,
        cast(coalesce(rows_counted.staged_rows, 0) as bigint) as staged_rows,
        cast(coalesce(rows_counted.quarantined_rows, 0) as bigint) as quarantined_rows,
        cast(coalesce(rows_counted.superseded_rows, 0) as bigint) as superseded_rows
    from loads
    left join rows_counted
        on
            loads.load_id = rows_counted.load_id
            and loads.file = rows_counted.file

)

select * from files_described
