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

    select cast(days.moment as date) as date_day
    from days_bounded
    cross join
        {{ days_from_to('days_bounded.first_date', 'days_bounded.last_date') }} as days (moment)

)

select * from days_spanned
