{# Invariant: net sales of the ledger are what was paid on lines that stand, less refunds; and its
   units are what was sold less what came back. A row is a pair that differs. #}
with

orders as (

    select * from {{ ref('stg_orders') }}

),

returns as (

    select * from {{ ref('stg_returns') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

orders_summed as (

    select
        coalesce(sum(case when is_cancelled then 0 else total_price end), 0) as amount,
        coalesce(sum(case when is_cancelled then 0 else quantity end), 0) as quantity
    from orders

),

returns_summed as (

    select
        coalesce(sum(refund_amount), 0) as amount,
        coalesce(sum(quantity), 0) as quantity
    from returns

),

ledger_summed as (

    select
        coalesce(sum(amount), 0) as amount,
        coalesce(sum(quantity), 0) as quantity
    from ledger

)

select
    orders_summed.amount - returns_summed.amount as staged_amount,
    ledger_summed.amount as ledger_amount,
    orders_summed.quantity - returns_summed.quantity as staged_quantity,
    ledger_summed.quantity as ledger_quantity
from orders_summed
cross join returns_summed
cross join ledger_summed
where
    orders_summed.amount - returns_summed.amount <> ledger_summed.amount
    or orders_summed.quantity - returns_summed.quantity <> ledger_summed.quantity
