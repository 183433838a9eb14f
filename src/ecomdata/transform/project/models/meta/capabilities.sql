{%- set evidence = [
    ['discounts', 'orders', 'discount_amount', 'no order line names a discount'],
    ['cancellations', 'orders', 'status', 'no order line has a status'],
    ['returns', 'returns', 'order_id', 'no file holds returns'],
    ['returned_units', 'returns', 'quantity', 'no return says how many units came back'],
    ['customers', 'orders', 'customer_id', 'no order line names a customer'],
    ['costs', 'products', 'unit_cost', 'no product has a unit cost'],
] -%}

with

{% for entity in ['orders', 'products', 'returns'] -%}
{{ entity }} as (

    select * from {{ source('raw', entity) }}

),

{% endfor -%}

columns_looked_at as (

    {% for capability, entity, column, reason in evidence -%}
    select
        '{{ capability }}' as capability,
        exists(
            select 1
            from {{ entity }}
            where {{ column }} is not null
        ) as is_in_data,
        '{{ reason }}' as reason
    {{ "union all" if not loop.last }}
    {% endfor %}
),

capabilities_stated as (

    select
        capability,
        is_in_data,
        case when not is_in_data then reason end as reason
    from columns_looked_at

)

select * from capabilities_stated
