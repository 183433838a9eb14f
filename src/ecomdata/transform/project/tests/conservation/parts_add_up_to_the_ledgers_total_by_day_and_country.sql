{# Invariant: net sales by day and by country are the same in the ledger, the sales summary and the
   sales report. A row is a day and country that differs. #}
with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

summary as (

    select * from {{ ref('int_sales_summary') }}

),

report as (

    select * from {{ ref('final_sales_report') }}

),

signed_sales as (

    select
        entry_date as sales_date,
        country,
        amount as ledger_amount,
        0 as summary_amount,
        0 as report_amount
    from ledger
    union all
    select
        sales_date,
        country,
        0 as ledger_amount,
        net_sales as summary_amount,
        0 as report_amount
    from summary
    union all
    select
        sales_date,
        country,
        0 as ledger_amount,
        0 as summary_amount,
        net_sales as report_amount
    from report

)

select
    sales_date,
    country,
    sum(ledger_amount) as ledger_amount,
    sum(summary_amount) as summary_amount,
    sum(report_amount) as report_amount
from signed_sales
{{ where_made_anew(ref('int_sales_summed_to_day')) }}
group by sales_date, country
having
    sum(ledger_amount) <> sum(summary_amount)
    or sum(ledger_amount) <> sum(report_amount)
