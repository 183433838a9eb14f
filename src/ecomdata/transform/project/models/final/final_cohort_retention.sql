with recursive

customer_months as (

    select * from {{ ref('int_customers_summed_to_month') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

last_days as (

    select max(entry_date) as last_day from ledger

),

cells_found as (

    select
        cohort_month,
        activity_month,
        count(case when orders > 0 then 1 end) as active_customers,
        sum(net_sales) as net_sales
    from customer_months
    group by cohort_month, activity_month

),

cohorts_counted as (

    {# Who is in a cohort ordered in its month. #}
    select
        cohort_month,
        active_customers as cohort_size
    from cells_found
    where activity_month = cohort_month

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

cells_measured as (

    select
        cells.cohort_month,
        cells.months_since_first_order,
        cells.activity_month,
        cells.cohort_size,
        cells.activity_month + interval '1 month' <= cells.last_day + interval '1 day'
            as is_complete,
        coalesce(cells_found.active_customers, 0) as active_customers,
        coalesce(cells_found.net_sales, 0) as net_sales,
        sum(coalesce(cells_found.net_sales, 0)) over (
            partition by cells.cohort_month
            order by cells.months_since_first_order
        ) as cumulative_net_sales
    from cells
    left join cells_found
        on
            cells.cohort_month = cells_found.cohort_month
            and cells.activity_month = cells_found.activity_month

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
