{# The one home of the sales figures (docs/kpis.md): sums over the revenue ledger, at whatever
   grain the caller groups by. Read by the models and, rendered by the package, by every figure
   that is asked for at the terminal or drawn in the report. #}
{% macro sales_measures() -%}
    {{ sales_sums() }},
    {{ orders_counted() }} as orders,
    {{ orders_counted("customer_type = 'new'") }} as new_orders,
    {{ orders_counted("customer_type = 'returning'") }} as returning_orders,
    {{ customers_counted() }} as customers
{%- endmacro %}

{% macro sales_sums() -%}
    cast(coalesce(sum(case when entry_type = 'sale' then amount end), 0) as numeric(18, 2))
        as gross_sales,
    cast(coalesce(sum(case when entry_type = 'discount' then amount end), 0) as numeric(18, 2))
        as discounts,
    cast(coalesce(sum(case when entry_type = 'return' then amount end), 0) as numeric(18, 2))
        as returns,
    cast(coalesce(sum(case when entry_type = 'cancellation' then amount end), 0) as numeric(18, 2))
        as cancellations,
    cast(coalesce(sum(amount), 0) as numeric(18, 2)) as net_sales,
    cast(coalesce(sum(quantity), 0) as bigint) as units,
    cast(coalesce(sum(case when entry_type in ('sale', 'cancellation') then quantity end), 0) as bigint)
        as units_sold,
    cast(coalesce(-sum(case when entry_type = 'return' then quantity end), 0) as bigint)
        as units_returned,
    cast(case
        when count(*) = count(cost_amount) then coalesce(sum(cost_amount), 0)
    end as numeric(18, 2)) as cost_amount
{%- endmacro %}

{% macro orders_counted(condition=none) -%}
    cast(count(distinct case
        when entry_type = 'sale' and not is_cancelled{{ " and " ~ condition if condition }} then order_id
    end) as bigint)
{%- endmacro %}

{% macro customers_counted() -%}
    cast(count(distinct case
        when entry_type = 'sale' and not is_cancelled then customer_id
    end) as bigint)
{%- endmacro %}

{# What is divided or added from the measures above, so that no average is ever averaged. #}
{% macro sales_ratios() -%}
    {{ ratio('net_sales', 'orders', 2) }} as average_order_value,
    {{ ratio('units', 'orders', 2) }} as units_per_order,
    {{ ratio('net_sales', 'units', 2) }} as average_selling_price,
    {{ ratio('units_returned', 'units_sold', 6) }} as return_rate,
    cast(net_sales + cost_amount as numeric(18, 2)) as gross_margin,
    {{ ratio('net_sales + cost_amount', 'net_sales', 6) }} as margin_rate
{%- endmacro %}

{# The figures that are counted by customer: over one row per customer with an order, with its
   orders and those of them that are its first in all history. #}
{% macro customer_measures() -%}
    count(*) as customers,
    count(case when orders >= 2 then 1 end) as repeat_customers,
    count(case when new_orders = 0 then 1 end) as returning_customers
{%- endmacro %}

{% macro customer_ratios() -%}
    {{ ratio('repeat_customers', 'customers', 6) }} as repeat_purchase_rate,
    {{ ratio('returning_customers', 'customers', 6) }} as returning_customer_rate
{%- endmacro %}

{# What an entry of the ledger has of its customer and product. #}
{% macro country_of(customers) -%}
    coalesce({{ customers }}.country, 'Unknown')
{%- endmacro %}

{% macro category_of(products) -%}
    coalesce({{ products }}.category, 'Unknown')
{%- endmacro %}

{# Signed: units that go out cost, those that come back are worth it again. #}
{% macro cost_of(quantity, products) -%}
    case
        when {{ quantity }} = 0 then cast(0 as numeric(18, 2))
        else cast(-{{ quantity }} * {{ products }}.unit_cost as numeric(18, 2))
    end
{%- endmacro %}
