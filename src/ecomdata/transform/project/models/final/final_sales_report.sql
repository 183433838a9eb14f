with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

entries_summed_to_day as (

    select
        entry_date as sales_date,
        country,
        {{ sales_measures() }}
    from ledger
    group by entry_date, country

),

ratios_added as (

    select
        sales_date,
        country,
        gross_sales,
        discounts,
        returns,
        cancellations,
        net_sales,
        orders,
        new_orders,
        returning_orders,
        customers,
        units,
        units_sold,
        units_returned,
        cost_amount,
        {{ sales_ratios() }}
    from entries_summed_to_day

)

select * from ratios_added
