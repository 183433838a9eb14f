with recursive

customers as (

    select * from {{ ref('int_customer_behavior') }}

),

orders as (

    select * from {{ ref('int_orders_classified') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

last_days as (

    select max(entry_date) as last_day from ledger

),

customers_in_cohorts as (

    select
        customer_id,
        cast(date_trunc('month', first_order_date) as date) as cohort_month
    from customers
    where first_order_date is not null

),

cohorts_counted as (

    select
        cohort_month,
        count(*) as cohort_size
    from customers_in_cohorts
    group by cohort_month

),

cells as (

    select
        cohorts_counted.cohort_month,
        cohorts_counted.cohort_size,
        last_days.last_day,
        cast(0 as bigint) as months_since_first_order,
        cohorts_counted.cohort_month as activity_month
    from cohorts_counted
    cross join last_days
    union all
    select
        cohort_month,
        cohort_size,
        last_day,
        months_since_first_order + 1 as months_since_first_order,
        cast(activity_month + interval '1 month' as date) as activity_month
    from cells
    where activity_month + interval '1 month' <= last_day

),

customers_active_in_month as (

    select distinct
        customer_id,
        cast(date_trunc('month', order_date) as date) as activity_month
    from orders
    where
        customer_id is not null
        and not is_cancelled

),

active_customers_counted as (

    select
        customers_in_cohorts.cohort_month,
        customers_active_in_month.activity_month,
        count(*) as active_customers
    from customers_active_in_month
    inner join customers_in_cohorts
        on customers_active_in_month.customer_id = customers_in_cohorts.customer_id
    group by customers_in_cohorts.cohort_month, customers_active_in_month.activity_month

),

entries_in_cohorts as (

    {# What is dated before the first order (a return whose order is not in the data) counts in
       the first month, so that the cells of a cohort add up to its sales. #}
    select
        customers_in_cohorts.cohort_month,
        greatest(
            cast(date_trunc('month', ledger.entry_date) as date), customers_in_cohorts.cohort_month
        ) as activity_month,
        ledger.amount
    from ledger
    inner join customers_in_cohorts on ledger.customer_id = customers_in_cohorts.customer_id

),

entries_summed as (

    select
        cohort_month,
        activity_month,
        sum(amount) as net_sales
    from entries_in_cohorts
    group by cohort_month, activity_month

),

cells_measured as (

    select
        cells.cohort_month,
        cells.months_since_first_order,
        cells.activity_month,
        cells.cohort_size,
        cells.activity_month + interval '1 month' <= cells.last_day + interval '1 day'
            as is_complete,
        coalesce(active_customers_counted.active_customers, 0) as active_customers,
        coalesce(entries_summed.net_sales, 0) as net_sales,
        sum(coalesce(entries_summed.net_sales, 0)) over (
            partition by cells.cohort_month
            order by cells.months_since_first_order
        ) as cumulative_net_sales
    from cells
    left join active_customers_counted
        on
            cells.cohort_month = active_customers_counted.cohort_month
            and cells.activity_month = active_customers_counted.activity_month
    left join entries_summed
        on
            cells.cohort_month = entries_summed.cohort_month
            and cells.activity_month = entries_summed.activity_month

),

unfinished_months_emptied as (

    select
        cohort_month,
        months_since_first_order,
        activity_month,
        cohort_size,
        is_complete,
        case when is_complete then active_customers end as active_customers,
        cast(case when is_complete then net_sales end as numeric(18, 2)) as net_sales,
        cast(case when is_complete then cumulative_net_sales end as numeric(18, 2))
            as cumulative_net_sales
    from cells_measured

),

ratios_added as (

    select
        cohort_month,
        months_since_first_order,
        activity_month,
        is_complete,
        cast(cohort_size as bigint) as cohort_size,
        cast(active_customers as bigint) as active_customers,
        {{ ratio('active_customers', 'cohort_size', 6) }} as retention_rate,
        net_sales,
        cumulative_net_sales,
        {{ ratio('net_sales', 'cohort_size', 2) }} as net_sales_per_customer,
        {{ ratio('cumulative_net_sales', 'cohort_size', 2) }}
            as cumulative_net_sales_per_customer
    from unfinished_months_emptied

)

select * from ratios_added
