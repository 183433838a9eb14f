{{ config(materialized='view') }}

{%- set entities = ['customers', 'products', 'orders', 'returns'] %}

with

rejects as (

    select * from {{ source('meta', 'reader_rejects') }}

),

{% for entity in entities -%}
{{ entity }} as (

    select * from {{ ref('base_' ~ entity) }}

),

{% endfor -%}

records_refused as (

    select
        'reading' as stage,
        entity,
        file,
        line,
        rule,
        cast(null as {{ text_type() }}) as field,
        cast(null as {{ text_type() }}) as value,
        raw_text,
        load_id
    from rejects
    {% for entity in entities %}
    union all
    select
        'staging' as stage,
        '{{ entity }}' as entity,
        _file as file,
        _line as line,
        rule,
        rule_field as field,
        rule_value as value,
        {{ csv_line('raw_fields') }} as raw_text,
        _load_id as load_id
    from {{ entity }}
    where
        rule is not null
        and not is_superseded
    {% endfor %}
)

select * from records_refused
