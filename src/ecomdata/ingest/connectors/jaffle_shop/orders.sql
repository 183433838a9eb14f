with

payments_summed as (

    select
        filled(order_id) as order_id,
        sum(cast(amount(amount, _file) as bigint)) as cents,
        max(case when amount(amount, _file) is null then amount end) as unreadable
    from raw_payments
    where coalesce(lower(filled(status)), '') not in ('fail', 'failed')
    group by filled(order_id)

)

select
    raw_orders.id as order_id,
    raw_orders.user_id as customer_id,
    'unknown' as product_id,
    '1' as quantity,
    coalesce(payments_summed.unreadable, money(coalesce(payments_summed.cents, 0))) as total_price,
    raw_orders.order_date,
    '1' as line_number,
    raw_orders.status,
    raw_orders._file,
    raw_orders._line
from raw_orders
left join payments_summed on filled(raw_orders.id) = payments_summed.order_id
