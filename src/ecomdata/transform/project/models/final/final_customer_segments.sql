with

scored as (

    select * from {{ ref('int_customers_scored') }}

),

segment_ranges as (
    {{ segment_ranges() }}
),

segments_listed as (

    select distinct
        segment_number,
        segment
    from segment_ranges

),

days_looked_at as (

    select distinct
        as_of_date,
        before_date
    from scored

),

customers_summed_to_segment as (

    select
        segment,
        count(*) as customers,
        sum(orders) as orders,
        sum(net_sales) as net_sales,
        sum(days_since_last_order) as days_since_last_orders,
        sum(case when segment <> segment_before then 1 else 0 end) as customers_entered
    from scored
    group by segment

),

customers_summed_to_segment_before as (

    select
        segment_before,
        count(*) as customers,
        sum(net_sales_before) as net_sales,
        sum(case when segment <> segment_before then 1 else 0 end) as customers_left
    from scored
    where segment_before is not null
    group by segment_before

),

segments_measured as (

    select
        segments_listed.segment_number,
        segments_listed.segment,
        days_looked_at.as_of_date,
        days_looked_at.before_date,
        latest.days_since_last_orders,
        coalesce(latest.customers, 0) as customers,
        coalesce(latest.orders, 0) as orders,
        cast(coalesce(latest.net_sales, 0) as numeric(18, 2)) as net_sales,
        coalesce(latest.customers_entered, 0) as customers_entered,
        coalesce(earlier.customers, 0) as customers_before,
        cast(coalesce(earlier.net_sales, 0) as numeric(18, 2)) as net_sales_before,
        coalesce(earlier.customers_left, 0) as customers_left
    from segments_listed
    cross join days_looked_at
    left join customers_summed_to_segment as latest on segments_listed.segment = latest.segment
    left join customers_summed_to_segment_before as earlier
        on segments_listed.segment = earlier.segment_before

),

totals_added as (

    select
        *,
        sum(case when segment <> 'No orders' then customers end) over () as all_buyers,
        sum(net_sales) over () as all_net_sales
    from segments_measured

),

ratios_added as (

    select
        segment,
        cast(segment_number as bigint) as segment_number,
        as_of_date,
        cast(customers as bigint) as customers,
        cast(orders as bigint) as orders,
        net_sales,
        {{ ratio("case when segment <> 'No orders' then customers end", 'all_buyers', 6) }}
            as customer_share,
        {{ ratio('net_sales', 'all_net_sales', 6) }} as net_sales_share,
        {{ ratio('net_sales', 'orders', 2) }} as average_order_value,
        {{ ratio('net_sales', 'customers', 2) }} as net_sales_per_customer,
        {{ ratio('days_since_last_orders', 'customers', 1) }} as average_days_since_last_order,
        before_date,
        cast(case when before_date is not null then customers_before end as bigint)
            as customers_before,
        cast(case when before_date is not null then net_sales_before end as numeric(18, 2))
            as net_sales_before,
        cast(case when before_date is not null then customers_entered end as bigint)
            as customers_entered,
        cast(case when before_date is not null then customers_left end as bigint)
            as customers_left
    from totals_added

)

select * from ratios_added
