with

customers as (

    select * from {{ ref('int_customer_behavior') }}

),

scored as (

    select * from {{ ref('int_customers_scored') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}

),

salts as (

    select * from {{ source('meta', 'salts') }}

),

what_loads_tell as (

    {{ capabilities_in_one_row('capabilities') }}

),

guest_entries_summed as (

    select {{ sales_sums() }}
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
        cast(null as bigint) as days_since_last_order,
        cast(null as numeric(18, 1)) as median_days_between_orders,
        cast(null as bigint) as churn_threshold_days,
        cast(null as boolean) as is_churned,
        cast(null as bigint) as recency_score,
        cast(null as bigint) as frequency_score,
        cast(null as bigint) as monetary_score,
        cast(null as {{ text_type() }}) as segment,
        cast(null as {{ text_type() }}) as segment_before,
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
        {{ public_customer_id('customers.customer_id', 'salts.salt') }} as customer_id,
        false as is_guest,
        customers.is_known,
        customers.country,
        customers.signup_date,
        customers.first_order_date,
        customers.last_order_date,
        customers.days_since_last_order,
        customers.median_days_between_orders,
        customers.churn_threshold_days,
        customers.is_churned,
        scored.recency_score,
        scored.frequency_score,
        scored.monetary_score,
        scored.segment,
        scored.segment_before,
        {{ in_data('customers', 'customers.orders') }} as orders,
        {{ in_data('customers', 'customers.units') }} as units,
        {{ in_data('customers', 'customers.gross_sales') }} as gross_sales,
        {{ in_data('customers', 'customers.discounts') }} as discounts,
        {{ in_data('customers', 'customers.returns') }} as returns,
        {{ in_data('customers', 'customers.cancellations') }} as cancellations,
        {{ in_data('customers', 'customers.net_sales') }} as net_sales
    from customers
    left join scored on customers.customer_id = scored.customer_id
    cross join what_loads_tell
    cross join salts

),

everyone as (

    select * from customers_listed
    union all
    select * from guests_listed

),

everyone_with_what_loads_tell as (

    select
        everyone.*,
        what_loads_tell.*
    from everyone
    cross join what_loads_tell

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
        days_since_last_order,
        median_days_between_orders,
        churn_threshold_days,
        is_churned,
        recency_score,
        frequency_score,
        monetary_score,
        segment,
        segment_before,
        cast(orders as bigint) as orders,
        cast(units as bigint) as units,
        cast(gross_sales as numeric(18, 2)) as gross_sales,
        cast({{ in_data('discounts', 'discounts') }} as numeric(18, 2)) as discounts,
        cast({{ in_data('returns', 'returns') }} as numeric(18, 2)) as returns,
        cast({{ in_data('cancellations', 'cancellations') }} as numeric(18, 2)) as cancellations,
        cast(net_sales as numeric(18, 2)) as net_sales,
        {{ ratio('net_sales', 'orders', 2) }} as average_order_value
    from everyone_with_what_loads_tell

)

select * from ratios_added
