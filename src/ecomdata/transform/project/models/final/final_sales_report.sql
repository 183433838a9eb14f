with

days as (

    select * from {{ ref('int_sales_summed_to_day') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}

),

what_loads_tell as (

    {{ capabilities_in_one_row('capabilities') }}

),

figures_in_data as (

    select
        days.sales_date,
        days.country,
        {{ sales_in_data() }}
    from days
    cross join what_loads_tell

),

ratios_added as (

    select
        *,
        {{ sales_ratios() }}
    from figures_in_data

)

select * from ratios_added
