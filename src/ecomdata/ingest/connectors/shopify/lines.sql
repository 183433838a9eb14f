-- The rows of the order export with their order's fields, and with what they bear of the order's
-- discount and refund: in cents, by largest remainder, the earlier line first.
with

orders_filled as (

    select
        *,
        filled(name) as order_id,
        row_number() over (partition by _file, filled(name) order by _line) as line_number,
        max(filled(email)) over in_order as order_email,
        max(filled(billing_name)) over in_order as order_billing_name,
        coalesce(
            max(filled(billing_country)) over in_order, max(filled(shipping_country)) over in_order
        ) as country,
        -- Staging reads an offset that follows the time directly.
        regexp_replace(
            max(filled(created_at)) over in_order, ' ([+-][0-9]{2}:?[0-9]{2})$', '\1'
        ) as ordered_at,
        case
            when max(filled(cancelled_at)) over in_order is not null then 'cancelled'
            else max(lower(filled(financial_status))) over in_order
        end as order_status,
        max(filled(currency)) over in_order as order_currency,
        max(filled(source)) over in_order as order_source,
        max(filled(discount_amount)) over in_order as discount_text,
        max(filled(lineitem_discount)) over in_order is not null as has_line_discounts,
        cents(amount(lineitem_quantity, _file) * amount(lineitem_price, _file)) as gross_cents,
        coalesce(abs(cents(amount(lineitem_discount, _file))), 0) as line_discount_cents,
        max(abs(cents(amount(discount_amount, _file)))) over in_order as discount_cents,
        max(cents(amount(subtotal, _file))) over in_order as subtotal_cents,
        max(cents(amount(total, _file))) over in_order as total_cents,
        coalesce(max(cents(amount(shipping, _file))) over in_order, 0) as shipping_cents,
        coalesce(max(cents(amount(taxes, _file))) over in_order, 0) as taxes_cents,
        coalesce(max(abs(cents(amount(refunded_amount, _file)))) over in_order, 0) as refund_cents
    from orders
    window in_order as (partition by _file, filled(name))

),

orders_summed as (

    select
        *,
        greatest(coalesce(gross_cents - line_discount_cents, 0), 0) as worth_cents,
        coalesce(sum(gross_cents) over in_order, 0) as order_gross_cents,
        sum(line_discount_cents) over in_order as order_line_discount_cents
    from orders_filled
    window in_order as (partition by _file, order_id)

),

discounts_told_apart as (

    -- Subtotal and Total say what Discount Amount is about: it may hold the lines' own discounts,
    -- or be about shipping only.
    select
        *,
        sum(worth_cents) over (partition by _file, order_id) as order_worth_cents,
        case
            when discount_cents is null then 0
            when
                order_line_discount_cents > 0
                and order_gross_cents - discount_cents = subtotal_cents
                then discount_cents - order_line_discount_cents
            when
                order_gross_cents - order_line_discount_cents = subtotal_cents
                and total_cents in (
                    subtotal_cents + shipping_cents, subtotal_cents + shipping_cents + taxes_cents
                )
                then 0
            else discount_cents
        end as spread_cents
    from orders_summed

),

discounts_shared as (

    select
        *,
        cast(greatest(least(spread_cents, order_worth_cents), 0) as hugeint) as to_spread,
        to_spread * worth_cents // greatest(order_worth_cents, 1) as share_cents,
        to_spread * worth_cents % greatest(order_worth_cents, 1) as remainder
    from discounts_told_apart

),

discounts_spread as (

    select
        *,
        worth_cents - share_cents - case
            when
                row_number() over (
                    partition by _file, order_id order by remainder desc, line_number
                ) <= to_spread - sum(share_cents) over (partition by _file, order_id)
                then 1
            else 0
        end as paid_cents
    from discounts_shared

),

refunds_shared as (

    -- Where nothing was paid for the lines, the first one bears the refund.
    select
        * exclude (share_cents, remainder),
        sum(paid_cents) over (partition by _file, order_id) as order_paid_cents,
        case
            when order_paid_cents > 0
                then cast(refund_cents as hugeint) * paid_cents // order_paid_cents
            when line_number = 1 then refund_cents
            else 0
        end as share_cents,
        cast(refund_cents as hugeint) * paid_cents % greatest(order_paid_cents, 1) as remainder
    from discounts_spread

)

select
    * exclude (share_cents, remainder),
    share_cents + case
        when
            row_number() over (
                partition by _file, order_id order by remainder desc, line_number
            ) <= refund_cents - sum(share_cents) over (partition by _file, order_id)
            then 1
        else 0
    end as refunded_cents
from refunds_shared
