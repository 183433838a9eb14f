{# The orders of raw lines that are said by several statements or may have a line twice: few, as
   most orders are said once, and no line of theirs stands twice. Reads `loads` of the model. #}
{% macro orders_suspected(records) -%}
    with

    line_numbers_trimmed as (

        select
            {{ trimmed('orders.order_id') }} as order_id,
            {{ trimmed('orders.line_number') }} as line_number_text,
            loads.statement,
            loads.identical_lines,
            loads.decimal_mark
        from {{ records }} as orders
        inner join loads
            on
                orders._load_id = loads.load_id
                and orders._file = loads.file
        {{ computed_once() }}

    ),

    line_numbers_normalised as (

        select
            order_id,
            statement,
            identical_lines,
            {{ number_text('line_number_text', 'decimal_mark') }} as line_number_number
        from line_numbers_trimmed
        {{ computed_once() }}

    ),

    line_numbers_typed as (

        select
            order_id,
            statement,
            identical_lines,
            {{ whole('line_number_number') }} as line_number
        from line_numbers_normalised
        {{ computed_once() }}

    ),

    line_numbers_as_bits as (

        {# A sum of powers of two is what they are joined by OR if none of them stands twice. #}
        select
            order_id,
            statement,
            case
                when line_number between 0 and 40 then cast(power(2, line_number) as bigint)
                when line_number is null and identical_lines <> 'quarantine' then 0
            end as line_bit
        from line_numbers_typed
        {{ computed_once() }}

    )

    select order_id
    from line_numbers_as_bits
    where order_id is not null
    group by order_id
    having
        min(statement) < max(statement)
        or (
            count(*) > 1
            and (count(line_bit) < count(*) or sum(line_bit) > bit_or(line_bit))
        )
{%- endmacro %}
