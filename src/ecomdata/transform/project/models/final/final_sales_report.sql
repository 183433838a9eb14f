with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}

),

what_loads_tell as (

    {{ capabilities_in_one_row('capabilities') }}

),

entries_summed_to_day as (

    select
        entry_date as sales_date,
        country,
        {{ sales_measures() }}
    from ledger
    group by entry_date, country

),

figures_in_data as (

    select
        entries_summed_to_day.sales_date,
        entries_summed_to_day.country,
        {{ sales_in_data() }}
    from entries_summed_to_day
    cross join what_loads_tell

),

ratios_added as (

    select
        *,
        {{ sales_ratios() }}
    from figures_in_data

)

select * from ratios_added
