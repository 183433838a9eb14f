-- The rows of the order export with their order's fields, and with what they bear of the order's
-- discount and refund, in cents.
with

rows_named as (

    select
        *,
        filled(name) as order_id,
        count(coalesce(filled(financial_status), filled(total))) over (
            partition by _file, filled(name)
        ) > 0 as has_order_fields
    from orders

),

rows_keyed as (

    -- A large export comes in several files, cut in the middle of an order: the rows in the second
    -- file are of the order that began in the first.
    select
        *,
        row(
            case
                when has_order_fields then _file
                else coalesce(
                    max(case when has_order_fields then _file end) over (partition by order_id),
                    _file
                )
            end,
            order_id
        ) as order_key
    from rows_named

),

orders_filled as (

    select
        *,
        coalesce(filled(lineitem_sku), filled(lineitem_name)) as product_id,
        row_number() over (partition by order_key order by _file, _line) as line_number,
        max(filled(email)) over in_order as order_email,
        max(filled(billing_name)) over in_order as order_billing_name,
        coalesce(
            max(lower(filled(email))) over in_order,
            max(filled(billing_name)) over in_order,
            ltrim(max(filled(phone)) over in_order, '''')
        ) as buyer_id,
        coalesce(
            max(filled(billing_country)) over in_order, max(filled(shipping_country)) over in_order
        ) as country,
        -- Staging reads an offset that follows the time directly.
        regexp_replace(
            max(filled(created_at)) over in_order, ' ([+-][0-9]{2}:?[0-9]{2})$', '\1'
        ) as ordered_at,
        case
            when max(filled(cancelled_at)) over in_order is not null then 'cancelled'
            when max(lower(payment_method)) over in_order like '%bogus gateway%' then 'cancelled'
            else max(lower(filled(financial_status))) over in_order
        end as order_status,
        max(filled(currency)) over in_order as order_currency,
        max(filled(source)) over in_order as order_source,
        max(filled(discount_amount)) over in_order as discount_text,
        max(filled(lineitem_discount)) over in_order is not null as has_line_discounts,
        cents(amount(lineitem_quantity, _file) * amount(lineitem_price, _file)) as gross_cents,
        coalesce(abs(cents(amount(lineitem_discount, _file))), 0) as line_discount_cents,
        coalesce(max(abs(cents(amount(discount_amount, _file)))) over in_order, 0)
            as discount_cents,
        max(cents(amount(subtotal, _file))) over in_order as subtotal_cents,
        coalesce(max(abs(cents(amount(refunded_amount, _file)))) over in_order, 0) as refund_cents
    from rows_keyed
    window in_order as (partition by order_key)

),

lines_weighed as (

    select
        *,
        greatest(coalesce(gross_cents - line_discount_cents, 0), 0) as worth_cents,
        sum(worth_cents) over (partition by order_key) as order_worth_cents
    from orders_filled

),

discounts_told_apart as (

    -- Subtotal is what is left for the products. Discount Amount may hold the lines' own discounts
    -- already, and may be about shipping.
    select
        *,
        case
            when order_worth_cents - subtotal_cents between 0 and discount_cents
                then order_worth_cents - subtotal_cents
            else least(discount_cents, order_worth_cents)
        end as to_spread
    from lines_weighed

),

discounts_spread as (

    select
        *,
        worth_cents - spread(to_spread, worth_cents, order_worth_cents, order_key, line_number)
            as paid_cents
    from discounts_told_apart

),

lines_paid as (

    select
        *,
        sum(paid_cents) over (partition by order_key) as order_paid_cents
    from discounts_spread

)

-- Of a refund the products' part is no more than they cost: the rest is of shipping and taxes.
select
    *,
    spread(
        least(refund_cents, order_paid_cents), paid_cents, order_paid_cents, order_key, line_number
    ) as refunded_cents
from lines_paid
