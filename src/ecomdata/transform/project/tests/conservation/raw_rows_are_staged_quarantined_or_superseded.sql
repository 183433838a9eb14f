{# Invariant: every raw row is staged, quarantined or superseded, and only one of these; those
   that `ecomdata retain` has dropped were superseded.
   A row is an entity whose counts do not add up. #}
{%- set entities = ['customers', 'products', 'orders', 'returns'] -%}

with

quality as (

    select * from {{ ref('final_data_quality') }}

),

quarantine as (

    select * from {{ ref('quarantine') }}

),

dropped_rows as (

    select * from {{ source('meta', 'dropped_rows') }}

),

rows_counted as (

    {% for entity in entities -%}
    select
        '{{ entity }}' as entity,
        (select count(*) from {{ source('raw', entity) }})
        + (
            select coalesce(sum(number), 0) from dropped_rows
            where entity = '{{ entity }}'
        ) as raw_rows,
        (select count(*) from {{ ref('stg_' ~ entity) }}) as staged_rows
    {{ "union all" if not loop.last }}
    {% endfor %}
),

quality_summed as (

    select
        entity,
        sum(raw_rows) as raw_rows,
        sum(staged_rows) as staged_rows,
        sum(quarantined_rows) as quarantined_rows,
        sum(superseded_rows) as superseded_rows
    from quality
    group by entity

),

quarantine_counted as (

    select
        entity,
        count(*) as quarantined_rows
    from quarantine
    where stage = 'staging'
    group by entity

)

select
    rows_counted.entity,
    rows_counted.raw_rows,
    rows_counted.staged_rows,
    quarantine_counted.quarantined_rows,
    quality_summed.superseded_rows
from rows_counted
left join quality_summed on rows_counted.entity = quality_summed.entity
left join quarantine_counted on rows_counted.entity = quarantine_counted.entity
where
    rows_counted.raw_rows <> coalesce(quality_summed.raw_rows, 0)
    or rows_counted.staged_rows <> coalesce(quality_summed.staged_rows, 0)
    or coalesce(quarantine_counted.quarantined_rows, 0)
    <> coalesce(quality_summed.quarantined_rows, 0)
    or rows_counted.raw_rows <> rows_counted.staged_rows
    + coalesce(quarantine_counted.quarantined_rows, 0)
    + coalesce(quality_summed.superseded_rows, 0)
