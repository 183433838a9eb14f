-- The item rows of the order exports with their order's fields, their worth and what was refunded,
-- in cents.
with

statuses as (

    -- Exports write an order's state in the shop's language.
    select
        unnest(words) as word,
        status
    from (
        values
        ('cancelled', [
            'cancelled', 'canceled', 'failed', 'pending', 'pending payment', 'checkout-draft',
            'draft', 'trash', 'storniert', 'fehlgeschlagen', 'zahlung ausstehend',
            'ausstehende zahlung', 'entwurf', 'cancelado', 'fallido', 'pendiente de pago',
            'annulée', 'échouée', 'échoué', 'attente paiement', 'en attente de paiement',
            'annullato', 'fallito', 'in attesa di pagamento', 'geannuleerd', 'mislukt',
            'wachtend op betaling', 'malsucedido', 'pagamento pendente', 'anulowane', 'nieudane',
            'oczekujące na płatność', 'avbruten', 'misslyckades', 'väntar på betalning',
            'annulleret', 'mislykkedes', 'afventer betaling'
        ]),
        ('refunded', [
            'refunded', 'rückerstattet', 'erstattet', 'reembolsado', 'remboursée', 'rimborsato',
            'terugbetaald', 'zwrócone', 'återbetald', 'refunderet'
        ])
    ) as states (status, words)

),

item_rows as (

    select *
    from orders
    union all by name
    select
        order_number,
        order_date,
        status,
        'unknown' as item_name,
        items_sold as quantity,
        net_sales as line_total,
        customer as full_name,
        _file,
        _line
    from order_list
    where filled(order_number) not in (
        select filled(order_number) from orders where filled(order_number) is not null
    )

),

rows_numbered as (

    -- Some exports name an order on its first row only.
    select
        *,
        last_value(filled(order_number) ignore nulls) over (
            partition by _file order by _line
        ) as order_id,
        count(filled(quantity)) over (partition by _file) > 0 as has_sold_units
    from item_rows

),

orders_filled as (

    select
        *,
        row(_file, order_id) as order_key,
        row_number() over (partition by _file, order_id order by _line) as place,
        max(filled(order_date)) over in_order as ordered_at,
        regexp_replace(max(lower(filled(status))) over in_order, '^wc-', '') as stated_status,
        max(filled(currency)) over in_order as order_currency,
        max(filled(channel)) over in_order as order_channel,
        max(lower(filled(email))) over in_order as order_email,
        -- A guest's number is 0.
        nullif(max(filled(user_id)) over in_order, '0') as order_user_id,
        coalesce(
            max(filled(full_name)) over in_order,
            filled(concat_ws(
                ' ', max(filled(first_name)) over in_order, max(filled(last_name)) over in_order
            ))
        ) as order_name,
        max(filled(country)) over in_order as order_country,
        coalesce(filled(sku), filled(item_name)) as product_id,
        case when has_sold_units then quantity else net_quantity end as units,
        max(abs(cents(amount(order_refund, _file)))) over in_order as order_refund_cents,
        sum(abs(cents(amount(line_refunded, _file)))) over in_order as line_refunds_cents,
        coalesce(
            cents(amount(line_total, _file)),
            cents(amount(item_cost, _file) * amount(units, _file))
        ) as total_cents
    from rows_numbered
    window in_order as (partition by _file, order_id)

),

lines_weighed as (

    select
        orders_filled.*,
        coalesce(statuses.status, orders_filled.stated_status) as order_status,
        coalesce(order_email, order_user_id, order_name) as buyer_id,
        coalesce(
            cents(amount(line_subtotal, _file)) - total_cents,
            abs(cents(amount(item_discount, _file)))
        ) as discount_cents,
        greatest(coalesce(total_cents, 0), 0) as worth_cents,
        sum(worth_cents) over (partition by order_key) as order_worth_cents
    from orders_filled
    left join statuses on orders_filled.stated_status = statuses.word

),

refunds_told_apart as (

    -- Known by line; or only for the order, where all above the items' worth is of shipping and
    -- taxes; or by nothing but the status, and then it is all.
    select
        *,
        has_sold_units and coalesce(line_refunds_cents, 0) > 0 as is_refunded_by_line,
        case
            when not has_sold_units or is_refunded_by_line then 0
            when order_refund_cents > 0 then least(order_refund_cents, order_worth_cents)
            when order_status = 'refunded' then order_worth_cents
            else 0
        end as to_spread
    from lines_weighed

)

select
    *,
    case
        when is_refunded_by_line then coalesce(abs(cents(amount(line_refunded, _file))), 0)
        else spread(to_spread, worth_cents, order_worth_cents, order_key, place)
    end as refunded_cents
from refunds_told_apart
