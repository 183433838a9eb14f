with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

entries_summed as (

    select
        product_id,
        category,
        entry_date as sales_date,
        country,
        customer_type,
        {{ sales_measures() }}
    from ledger
    group by product_id, category, entry_date, country, customer_type

)

select * from entries_summed
