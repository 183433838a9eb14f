{# Invariant: gross sales, discounts, returns, cancellations, net sales and units add up to the
   ledger's in every model that has them. A row is a model that differs. #}
{%- set measures = [
    'gross_sales', 'discounts', 'returns', 'cancellations', 'net_sales', 'units',
] -%}
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

ledger_summed as (

    select {{ sales_measures() }}
    from ledger

),

models_summed as (

    {% for model, net_sales in models.items() -%}
    select
        '{{ model }}' as model,
        {% for measure in measures -%}
            coalesce(sum({{ net_sales if measure == 'net_sales' else measure }}), 0)
                as {{ measure }}{{ "," if not loop.last }}
        {% endfor %}
    from {{ ref(model) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select models_summed.*
from models_summed
cross join ledger_summed
where
    {% for measure in measures -%}
        models_summed.{{ measure }} <> ledger_summed.{{ measure }}
        {{ "or" if not loop.last }}
    {% endfor %}
