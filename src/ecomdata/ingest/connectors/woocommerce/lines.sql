-- The item rows of the order export with their order's fields, their worth and what was refunded,
-- in cents; an order's refund is spread by largest remainder, the earlier line first.
with

rows_numbered as (

    -- Some exports name an order on its first row only.
    select
        *,
        last_value(filled(order_number) ignore nulls) over (
            partition by _file order by _line
        ) as order_id,
        count(filled(quantity)) over (partition by _file) > 0 as has_sold_units
    from orders

),

orders_filled as (

    select
        *,
        row_number() over (partition by _file, order_id order by _line) as place,
        max(filled(order_date)) over in_order as ordered_at,
        regexp_replace(max(lower(filled(status))) over in_order, '^wc-', '') as order_status,
        max(filled(currency)) over in_order as order_currency,
        max(filled(channel)) over in_order as order_channel,
        max(lower(filled(email))) over in_order as order_email,
        max(filled(user_id)) over in_order as order_user_id,
        coalesce(
            max(filled(full_name)) over in_order,
            filled(concat_ws(
                ' ', max(filled(first_name)) over in_order, max(filled(last_name)) over in_order
            ))
        ) as order_name,
        max(filled(country)) over in_order as order_country,
        max(abs(cents(amount(order_refund, _file)))) over in_order as order_refund_cents,
        sum(abs(cents(amount(line_refunded, _file)))) over in_order as line_refunds_cents,
        abs(cents(amount(line_refunded, _file))) as line_refund_cents,
        coalesce(
            cents(amount(line_total, _file)),
            cents(
                amount(item_cost, _file)
                * amount(case when has_sold_units then quantity else net_quantity end, _file)
            )
        ) as total_cents
    from rows_numbered
    window in_order as (partition by _file, order_id)

),

refunds_told_apart as (

    -- Known by line; or only for the order; or by nothing but the status, and then it is all.
    select
        *,
        case when has_sold_units then quantity else net_quantity end as units,
        coalesce(
            cents(amount(line_subtotal, _file)) - total_cents,
            abs(cents(amount(item_discount, _file)))
        ) as discount_cents,
        greatest(coalesce(total_cents, 0), 0) as worth_cents,
        coalesce(order_user_id, order_name) as other_id,
        case
            when not has_sold_units or line_refunds_cents > 0 then 0
            when order_refund_cents > 0 then order_refund_cents
            when order_status = 'refunded'
                then coalesce(
                    sum(greatest(total_cents, 0)) over (partition by _file, order_id), 0
                )
            else 0
        end as to_spread
    from orders_filled

),

refunds_shared as (

    select
        *,
        sum(worth_cents) over (partition by _file, order_id) as order_worth_cents,
        case
            when order_worth_cents > 0
                then cast(to_spread as hugeint) * worth_cents // order_worth_cents
            when place = 1 then to_spread
            else 0
        end as share_cents,
        cast(to_spread as hugeint) * worth_cents % greatest(order_worth_cents, 1) as remainder
    from refunds_told_apart

),

refunds_spread as (

    select
        *,
        share_cents + case
            when
                row_number() over (
                    partition by _file, order_id order by remainder desc, place
                ) <= to_spread - sum(share_cents) over (partition by _file, order_id)
                then 1
            else 0
        end as spread_cents
    from refunds_shared

)

select
    * exclude (share_cents, remainder),
    case
        when has_sold_units and line_refunds_cents > 0 then coalesce(line_refund_cents, 0)
        else spread_cents
    end as refunded_cents,
    coalesce(order_email, other_id) as buyer_id,
    coalesce(filled(sku), filled(item_name)) as product_id
from refunds_spread
