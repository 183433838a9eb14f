{# The orders whose entries in the ledger are to be made anew: what changed, and where the ledger
   says otherwise than the tables that it is made of do now. #}
{%- set orders_classified = ref('int_orders_classified') -%}
{%- set customers = ref('stg_customers') -%}
{%- set products = ref('stg_products') -%}
{%- set ledger = as_last_built('intermediate', 'int_revenue_ledger') -%}
{%- set changed_orders = changed_keys(['changed_orders', 'order_id']) -%}
{%- set changed_buyers = changed_keys(['changed_buyers', 'customer_id']) -%}
{%- set changed_accounts = changed_keys(['changed_accounts', 'customer_id']) -%}
{%- set changed_products = changed_keys(['changed_products', 'product_id']) -%}

{% if only_changes() %}
with

customers_as_they_are as (

    select
        changed_accounts.customer_id,
        {{ country_of('customers') }} as country
    from ({{ changed_accounts }}) as changed_accounts
    left join {{ customers }} as customers
        on changed_accounts.customer_id = customers.customer_id

),

products_as_they_are as (

    select
        changed_products.product_id,
        products.unit_cost,
        {{ category_of('products') }} as category
    from ({{ changed_products }}) as changed_products
    left join {{ products }} as products
        on changed_products.product_id = products.product_id

),

keys_noted as (

    {{ changed_orders }}
    union
    select ledger.order_id
    from {{ ledger }} as ledger
    inner join {{ orders_classified }} as orders_classified
        on ledger.order_id = orders_classified.order_id
    where
        orders_classified.customer_id in ({{ changed_buyers }})
        and ledger.customer_type <> orders_classified.customer_type
    union
    select ledger.order_id
    from {{ ledger }} as ledger
    inner join customers_as_they_are
        on ledger.customer_id = customers_as_they_are.customer_id
    where ledger.country <> customers_as_they_are.country
    union
    select ledger.order_id
    from {{ ledger }} as ledger
    inner join products_as_they_are
        on ledger.product_id = products_as_they_are.product_id
    where
        ledger.category <> products_as_they_are.category
        or ledger.cost_amount
        is distinct from {{ cost_of('ledger.quantity', 'products_as_they_are') }}

)

select order_id
from keys_noted
except
select order_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as order_id
where 1 = 0
{% endif %}
