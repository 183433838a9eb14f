{%- set columns = ['product_id', 'product_name', 'category', 'price', 'unit_cost'] -%}
{%- set rules = [['missing_id', 'product_id', 'product_id', 'product_id is null']] %}

with

products as (

    select * from {{ source('raw', 'products') }}

),

loads as (

    select * from {{ source('meta', 'loads') }}

),

records_trimmed as (

    select
        {{ trimmed_columns(
            'products',
            columns=columns,
            typed=['price', 'unit_cost'],
        ) }},
        loads.decimal_mark,
        loads.statement,
        loads.replaced_by
    from products
    inner join loads
        on
            products._load_id = loads.load_id
            and products._file = loads.file

),

texts_normalised as (

    select
        *,
        {{ number_text('price_text', 'decimal_mark') }} as price_number,
        {{ number_text('unit_cost_text', 'decimal_mark') }} as unit_cost_number
    from records_trimmed

),

values_typed as (

    select
        product_id,
        product_name,
        category,
        {{ unit_money('price_number') }} as price,
        {{ unit_money('unit_cost_number') }} as unit_cost,
        price_text,
        unit_cost_text,
        {% for column in columns -%}
        raw_{{ column }},
        {% endfor -%}
        statement,
        replaced_by,
        _load_id,
        _file,
        _line,
        {{ first_broken_rule(rules) }}
    from texts_normalised

),

statements_ranked as (

    {# A catalogue restates its products: the last statement holds. #}
    select
        product_id,
        product_name,
        category,
        price,
        unit_cost,
        price_text,
        unit_cost_text,
        case when rule is not null then {{ raw_fields(columns) }} end as raw_fields,
        statement,
        replaced_by,
        _load_id,
        _file,
        _line,
        rule,
        rule_field,
        rule_value,
        {{ is_restated('product_id') }} as is_superseded
    from values_typed

)

select * from statements_ranked
