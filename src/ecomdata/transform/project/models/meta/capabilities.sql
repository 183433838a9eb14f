{# What figures need, the model of the rows that count, and what one of them then has. #}
{%- set evidence = [
    [
        'discounts', 'base_orders',
        'rule is null and not is_superseded and discount_amount is not null',
        'discounts', 'no order line names a discount',
    ],
    [
        'cancellations', 'stg_orders', 'status is not null',
        'cancellations', 'no order line has a status',
    ],
    [
        'returns', 'stg_returns', 'order_id is not null',
        'returns', 'no return was loaded',
    ],
    [
        'returned_units', 'stg_returns', 'quantity > 0',
        'units_returned, return_rate', 'no return says how many units came back',
    ],
    [
        'customers', 'int_revenue_ledger', 'customer_id is not null',
        'customers, new_orders, returning_orders, repeat_purchase_rate, returning_customer_rate,'
        ~ ' segments, cohorts, and all figures of a customer', 'no order names a customer',
    ],
    [
        'costs', 'stg_products', 'unit_cost is not null',
        'cost_amount, gross_margin, margin_rate', 'no product has a unit cost',
    ],
    [
        'list_prices', 'stg_products', 'price is not null',
        'list_price, price_realisation', 'no product has a list price',
    ],
    [
        'categories', 'stg_products', 'category is not null',
        'category', 'no product has a category',
    ],
    [
        'product_names', 'stg_products', 'product_name is not null',
        'product_name', 'no product has a name',
    ],
    [
        'countries', 'stg_customers', 'country is not null',
        'country', 'no customer has a country',
    ],
    [
        'signup_dates', 'stg_customers', 'signup_date is not null',
        'signup_date', 'no customer has a day of sign-up',
    ],
] -%}

with

rows_looked_at as (

    {# No CTE of a model: both engines keep a copy of what is read twice. #}
    {% for capability, model, seen, figures, reason in evidence -%}
    select
        '{{ capability }}' as capability,
        exists(
            select 1
            from {{ ref(model) }}
            where {{ seen }}
        ) as is_in_data,
        '{{ figures }}' as figures,
        '{{ reason }}' as reason
    {{ "union all" if not loop.last }}
    {% endfor %}
),

capabilities_stated as (

    select
        capability,
        is_in_data,
        figures,
        case when not is_in_data then reason end as reason
    from rows_looked_at

)

select * from capabilities_stated
