{# Invariant: every customer is in one segment, now and before, and the net sales of the segments
   and of the movements between them are those of the ledger's customers up to each day.
   A row is the totals of which a pair differs. #}
with

customers as (

    select * from {{ ref('int_customer_behavior') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

segments as (

    select * from {{ ref('final_customer_segments') }}

),

movements as (

    select * from {{ ref('final_segment_movements') }}

),

segments_summed as (

    select
        max(as_of_date) as as_of_date,
        max(before_date) as before_date,
        sum(customers) as customers,
        sum(orders) as orders,
        sum(net_sales) as net_sales,
        sum(customers_before) as customers_before,
        sum(net_sales_before) as net_sales_before,
        sum(customers_entered) as customers_entered,
        sum(customers_left) as customers_left
    from segments

),

movements_summed as (

    select
        sum(customers) as customers_before,
        sum(net_sales_before) as net_sales_before,
        sum(net_sales_before + net_sales_between) as net_sales,
        sum(case when segment <> segment_before then customers else 0 end) as customers_moved
    from movements

),

customers_counted as (

    select
        count(*) as customers,
        sum(orders) as orders
    from customers

),

ledger_summed as (

    select
        coalesce(
            sum(case
                when ledger.entry_date <= segments_summed.as_of_date then ledger.amount
            end), 0
        ) as net_sales,
        coalesce(
            sum(case
                when ledger.entry_date <= segments_summed.before_date then ledger.amount
            end), 0
        ) as net_sales_before
    from ledger
    cross join segments_summed
    where ledger.customer_id is not null

)

select
    customers_counted.customers,
    customers_counted.orders,
    ledger_summed.net_sales,
    ledger_summed.net_sales_before,
    segments_summed.customers as segments_customers,
    segments_summed.orders as segments_orders,
    segments_summed.net_sales as segments_net_sales,
    segments_summed.customers_before as segments_customers_before,
    segments_summed.net_sales_before as segments_net_sales_before,
    segments_summed.customers_entered,
    segments_summed.customers_left,
    movements_summed.customers_before as movements_customers_before,
    movements_summed.net_sales_before as movements_net_sales_before,
    movements_summed.net_sales as movements_net_sales,
    movements_summed.customers_moved
from segments_summed
cross join movements_summed
cross join customers_counted
cross join ledger_summed
where
    (segments_summed.as_of_date is null and customers_counted.orders > 0)
    or segments_summed.customers <> customers_counted.customers
    or segments_summed.orders <> customers_counted.orders
    or segments_summed.net_sales <> ledger_summed.net_sales
    or segments_summed.customers_before <> customers_counted.customers
    or segments_summed.net_sales_before <> ledger_summed.net_sales_before
    or coalesce(movements_summed.customers_before, 0)
    <> coalesce(segments_summed.customers_before, 0)
    or movements_summed.net_sales_before <> ledger_summed.net_sales_before
    or movements_summed.net_sales <> ledger_summed.net_sales
    or movements_summed.customers_moved <> segments_summed.customers_entered
    or movements_summed.customers_moved <> segments_summed.customers_left
