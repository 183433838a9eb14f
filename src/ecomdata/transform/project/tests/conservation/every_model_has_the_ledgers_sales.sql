{# Invariant: gross sales, discounts, returns, cancellations, net sales and units add up to the
   ledger's in every model that has them. A row is a model that differs. #}
{%- set models = {
    'int_sales_summary': 'net_sales',
    'final_sales_report': 'net_sales',
    'final_product_performance': 'total_revenue',
    'final_customer_behavior': 'net_sales',
} -%}

with

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

{% for model in models -%}
{{ model }} as (

    select * from {{ ref(model) }}

),

{% endfor -%}

ledger_summed as (

    select {{ sales_sums() }}
    from ledger

),

models_summed as (

    {% for model, net_sales in models.items() -%}
    select
        '{{ model }}' as model,
        coalesce(sum(gross_sales), 0) as gross_sales,
        coalesce(sum(discounts), 0) as discounts,
        coalesce(sum(returns), 0) as returns,
        coalesce(sum(cancellations), 0) as cancellations,
        coalesce(sum({{ net_sales }}), 0) as net_sales,
        coalesce(sum(units), 0) as units
    from {{ model }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select models_summed.*
from models_summed
cross join ledger_summed
where
    models_summed.gross_sales <> ledger_summed.gross_sales
    or models_summed.discounts <> ledger_summed.discounts
    or models_summed.returns <> ledger_summed.returns
    or models_summed.cancellations <> ledger_summed.cancellations
    or models_summed.net_sales <> ledger_summed.net_sales
    or models_summed.units <> ledger_summed.units
