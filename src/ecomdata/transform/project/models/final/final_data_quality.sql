{%- set entities = ['customers', 'products', 'orders', 'returns'] -%}

with

loads as (

    select * from {{ source('meta', 'loads') }}

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

rows_counted as (

    {% for entity in entities -%}
    select * from {{ entity }}_counted
    {{ "union all" if not loop.last }}
    {% endfor %}
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
