{{ replaces_changed(
    {'changed_days': ['sales_date', 'entry_date']},
    indexes={'sales_date': 'btree'},
) }}
with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}
    {{ where_changed('entry_date', ['changed_days', 'entry_date']) }}

),

entries_summed as (

    select
        product_id,
        category,
        entry_date as sales_date,
        country,
        customer_type,
        {{ sales_sums() }},
        {{ orders_counted() }} as orders,
        {{ customers_counted() }} as customers
    from ledger
    group by product_id, category, entry_date, country, customer_type

),

orders_split as (

    {# The customer type is one of the grain: its orders need not be counted again. #}
    select
        *,
        case when customer_type = 'new' then orders else 0 end as new_orders,
        case when customer_type = 'returning' then orders else 0 end as returning_orders
    from entries_summed

)

select * from orders_split
