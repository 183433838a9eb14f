{# Products whose category or cost is another one, or that came or went: `stg_products` notes
   them. #}
select cast(null as {{ text_type() }}) as product_id
where 1 = 0
