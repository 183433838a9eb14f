with

customers as (

    select * from {{ ref('int_customer_behavior') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

guest_entries_summed as (

    select {{ sales_measures() }}
    from ledger
    where customer_id is null
    having count(*) > 0

),

guests_listed as (

    {# Guests are no customer: their sales stand in one row, so that the parts add up to the
       whole, and every figure about a customer is NULL there. #}
    select
        '(guest)' as customer_id,
        true as is_guest,
        false as is_known,
        'Unknown' as country,
        cast(null as date) as signup_date,
        cast(null as date) as first_order_date,
        cast(null as date) as last_order_date,
        cast(null as numeric(18, 1)) as median_days_between_orders,
        cast(null as bigint) as orders,
        units,
        gross_sales,
        discounts,
        returns,
        cancellations,
        net_sales
    from guest_entries_summed

),

customers_listed as (

    select
        customer_id,
        false as is_guest,
        is_known,
        country,
        signup_date,
        first_order_date,
        last_order_date,
        median_days_between_orders,
        orders,
        units,
        gross_sales,
        discounts,
        returns,
        cancellations,
        net_sales
    from customers

),

everyone as (

    select * from customers_listed
    union all
    select * from guests_listed

),

ratios_added as (

    select
        customer_id,
        is_guest,
        is_known,
        country,
        signup_date,
        first_order_date,
        last_order_date,
        median_days_between_orders,
        cast(orders as bigint) as orders,
        cast(units as bigint) as units,
        cast(gross_sales as numeric(18, 2)) as gross_sales,
        cast(discounts as numeric(18, 2)) as discounts,
        cast(returns as numeric(18, 2)) as returns,
        cast(cancellations as numeric(18, 2)) as cancellations,
        cast(net_sales as numeric(18, 2)) as net_sales,
        {{ ratio('net_sales', 'orders', 2) }} as average_order_value
    from everyone

)

select * from ratios_added
