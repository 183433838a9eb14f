with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

days_bounded as (

    select
        min(entry_date) as first_date,
        max(entry_date) as last_date
    from ledger

),

days_spanned as (

    select {{ days_from_to('first_date', 'last_date') }} as date_day
    from days_bounded

)

select * from days_spanned
