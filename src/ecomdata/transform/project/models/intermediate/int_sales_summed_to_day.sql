{{ replaces_changed({'changed_sales': {'sales_date': 'entry_date'}}) }}
with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}
    {{ where_changed('entry_date', ['changed_sales', 'entry_date']) }}

),

entries_summed_to_day as (

    select
        entry_date as sales_date,
        country,
        {{ sales_measures() }}
    from ledger
    group by entry_date, country

)

select * from entries_summed_to_day
