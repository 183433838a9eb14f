{# Products of which the record that counts is another one in what it says: `stg_products` notes
   them. #}
select cast(null as {{ text_type() }}) as product_id
where 1 = 0
