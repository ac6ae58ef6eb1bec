-- Rows for the tutorial's shop. `lab.rows` is the number of order details, the other tables follow from it;
-- the same `lab.seed` gives the same rows on every version of PostgreSQL.

-- The rows are consistent by construction, and checking two foreign keys a row would take most of the time.
SET LOCAL session_replication_role = replica;

-- Compiling these statements takes longer than running them.
SET LOCAL jit = off;

-- A number from 0 to below - 1 that depends on the row, on what it is for, and on the seed. `hashint8extended`
-- decides which partition a row belongs to, so it can never give another result in another version.
CREATE FUNCTION pg_temp.pick(id bigint, purpose bigint, below bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(id, purpose) & 9007199254740991) % below $$;

CREATE TEMPORARY TABLE size ON COMMIT DROP AS
SELECT rows AS details,
       greatest(1, rows / 4) AS orders,
       greatest(1, rows / 10) AS customers,
       least(greatest(1, rows / 10), 5000) AS products,
       current_setting('lab.seed')::bigint * 64 AS seed
FROM (SELECT current_setting('lab.rows')::bigint) AS setting (rows);

-- Products run through all combinations of words before one comes back as "No. 2".
INSERT INTO products (product_id, product_name, price)
SELECT id,
       style[1 + id % 17] || ' ' || material[1 + id % 13] || ' ' || thing[1 + id % 19]
           || CASE WHEN id >= 17 * 13 * 19 THEN ' No. ' || 1 + id / (17 * 13 * 19) ELSE '' END,
       (199 + pg_temp.pick(id, seed + 1, 490) * 100 + (ARRAY[0, 50, 96])[1 + pg_temp.pick(id, seed + 2, 3)]) / 100.0
FROM size, generate_series(1, size.products) AS id,
     (SELECT '{Classic,Modern,Rustic,Compact,Foldable,Elegant,Sturdy,Handmade,Vintage,Slim,Portable,Deluxe,Plain,Nordic,Urban,Cosy,Bright}'::text[] AS style,
             '{Oak,Steel,Cotton,Leather,Bamboo,Glass,Ceramic,Linen,Copper,Walnut,Wool,Marble,Rattan}'::text[] AS material,
             '{Lamp,Chair,Desk,Backpack,Mug,Clock,Shelf,Blanket,Notebook,Teapot,Mirror,Basket,Stool,Vase,Tray,Bench,Cushion,Frame,Box}'::text[] AS thing
     ) AS words;

INSERT INTO customers (customer_id, customer_name, email)
SELECT id, first || ' ' || last, lower(first) || '.' || lower(last) || '.' || id || '@example.com'
FROM size, generate_series(1, size.customers) AS id,
     (SELECT '{Ada,Amir,Anna,Carlos,Chloe,David,Elena,Emma,Farid,Grace,Hana,Hugo,Ines,Ivan,Jane,John,Kenji,Lara,Leila,Liam,Maria,Maryam,Nadia,Noah,Olga,Omar,Paul,Priya,Reza,Sara,Sofia,Tomas,Wei,Yusuf,Zoe}'::text[] AS firsts,
             '{Ahmadi,Andersen,Bauer,Brown,Chen,Costa,Dubois,Evans,Fischer,Garcia,Haddad,Hansen,Ito,Jansen,Karimi,Khan,Kim,Kowalski,Lopez,Martin,Meyer,Nguyen,Novak,Okafor,Patel,Rossi,Santos,Sato,Silva,Smith,Tanaka,Weber,Wilson}'::text[] AS lasts
     ) AS words,
     LATERAL (SELECT firsts[1 + pg_temp.pick(id, seed + 3, 35)] AS first, lasts[1 + pg_temp.pick(id, seed + 4, 33)] AS last) AS name;

-- Two years of orders, one after the other.
INSERT INTO orders (order_id, customer_id, order_date)
SELECT id, 1 + pg_temp.pick(id, seed + 5, size.customers),
       timestamp '2024-01-01 08:00:00' + id * 63072000 / size.orders * interval '1 second'
FROM size, generate_series(1, size.orders) AS id;

-- Four details an order, next to each other.
-- An index is built faster than it is filled.
ALTER TABLE order_details DROP CONSTRAINT order_details_pkey;

INSERT INTO order_details (order_detail_id, order_id, product_id, quantity, total_price)
SELECT id, 1 + (id - 1) * orders / details, product_id, quantity, quantity * price
FROM (SELECT id, orders, details,
             (1 + pg_temp.pick(id, seed + 7, products))::int AS product_id,
             (1 + pg_temp.pick(id, seed + 8, 5))::int AS quantity
      FROM (SELECT size.*, generate_series(1, details) AS id FROM size) AS row) AS detail
JOIN products USING (product_id);

ALTER TABLE order_details ADD PRIMARY KEY (order_detail_id);

-- The next row that takes its default gets the next number.
SELECT setval('products_product_id_seq', products),
       setval('customers_customer_id_seq', customers),
       setval('orders_order_id_seq', orders),
       setval('order_details_order_detail_id_seq', details)
FROM size;

DROP FUNCTION pg_temp.pick;

ANALYZE products, customers, orders, order_details;
