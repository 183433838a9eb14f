with

lines_typed as (

    select
        *,
        cast(amount(sales, _file) * 10000 as bigint) as sales_units,
        cast(amount(discount, _file) * 10000 as bigint) as discount_units,
        count(filled(quantity)) over (partition by _file) > 0 as has_quantities,
        try_cast(filled(row_id) as bigint) as row_number
    from lines

),

remainders_ranked as (

    -- Of a file's lines, those that lose most by rounding down get the cents that are missing.
    select
        *,
        sales_units // 100 as whole_cents,
        row_number() over (
            partition by _file, coalesce(sales_units >= 0, false)
            order by sales_units % 100 desc, _line
        ) as place,
        divided(sum(sales_units) over in_file, 100)
        - sum(sales_units // 100) over in_file as missing_cents
    from lines_typed
    window in_file as (partition by _file, coalesce(sales_units >= 0, false))

),

lines_in_cents as (

    select
        *,
        whole_cents + case when place <= missing_cents then 1 else 0 end as total_cents
    from remainders_ranked

)

select
    order_id,
    customer_id,
    product_id,
    case when has_quantities then quantity else '1' end as quantity,
    case when sales_units >= 0 then money(total_cents) else sales end as total_price,
    order_date,
    -- Row ID numbers the lines of the file: here those of the order, so that a line that stands
    -- twice is seen and two that are alike are kept.
    case
        when row_number is not null
            then cast(
                dense_rank() over (partition by _file, order_id order by row_number) as text
            )
    end as line_number,
    case
        when filled(discount) is null then null
        when discount_units >= 0 and discount_units < 10000 and sales_units >= 0
            then money(greatest(
                divided(cast(sales_units as hugeint) * 100, 10000 - discount_units) - total_cents,
                0
            ))
        else 'rate ' || discount
    end as discount_amount,
    _file,
    _line
from lines_in_cents
