WITH RECURSIVE
relation AS (
    SELECT c.oid, c.relname, n.nspname, c.relkind, c.relpersistence
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- The identifiers below are PostgreSQL's own.
    WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
),
-- A domain is followed down to what it is made of; a length may come in on the way.
written AS (
    SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS modifier, false AS not_null, false AS counted,
           false AS checked
    FROM relation r JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
    WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
    SELECT w.attrelid, w.attnum, t.typbasetype, CASE WHEN w.modifier = -1 THEN t.typtypmod ELSE w.modifier END,
           w.not_null OR t.typnotnull, w.counted OR coalesce(t.typdefault LIKE '%nextval(%', false),
           w.checked OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')
    FROM written w JOIN pg_catalog.pg_type t ON t.oid = w.type WHERE t.typtype = 'd'
),
base AS (
    SELECT w.attrelid, w.attnum, w.not_null, w.counted, w.checked, pg_catalog.json_build_object(
        'name', t.typname, 'kind', t.typtype, 'category', t.typcategory, 'modifier', w.modifier,
        'element', CASE WHEN t.typcategory = 'A' THEN
            (SELECT pg_catalog.json_build_object('name', e.typname, 'kind', e.typtype, 'category', e.typcategory,
                 'modifier', w.modifier,
                 'label', (SELECT l.enumlabel FROM pg_catalog.pg_enum l WHERE l.enumtypid = e.oid ORDER BY l.enumsortorder LIMIT 1))
             FROM pg_catalog.pg_type e WHERE e.oid = t.typelem) END,
        'label', (SELECT l.enumlabel FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder LIMIT 1)
    ) AS type
    FROM written w JOIN pg_catalog.pg_type t ON t.oid = w.type WHERE t.typtype <> 'd'
),
columns AS (
    SELECT a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', a.attname, 'type', b.type,
        'not_null', a.attnotnull OR b.not_null,
        'default', d.adbin IS NOT NULL AND a.attgenerated = '' AND NOT coalesce(e.acts, false),
        'sequence', a.attidentity <> '' OR b.counted OR a.attgenerated = '' AND coalesce(e.acts, false),
        'generated', a.attgenerated <> '',
        'identity_always', a.attidentity = 'a',
        'unique', EXISTS (SELECT FROM pg_catalog.pg_index i
                          WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion)
                            AND a.attnum = ANY (i.indkey::pg_catalog.int2[])),
        'checked', b.checked
                   OR EXISTS (SELECT FROM pg_catalog.pg_constraint k
                              WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND a.attnum = ANY (k.conkey))
    ) ORDER BY a.attnum) AS list
    FROM base b
    JOIN pg_catalog.pg_attribute a ON a.attrelid = b.attrelid AND a.attnum = b.attnum
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    -- A default that does something: it takes a number from a sequence, or calls a volatile function of somebody's.
    LEFT JOIN LATERAL (
        SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval(%'
               OR EXISTS (SELECT FROM pg_catalog.pg_depend n JOIN pg_catalog.pg_proc f ON f.oid = n.refobjid
                          WHERE n.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND n.objid = d.oid
                            AND n.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.provolatile = 'v') AS acts
    ) AS e ON true
    GROUP BY a.attrelid
),
foreign_keys AS (
    SELECT k.conrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
        'table', k.confrelid::bigint,
        'references', (SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
                       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                       WHERE c.oid = k.confrelid),
        'deferrable', k.condeferrable,
        'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY x.place)
                    FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS x (attnum, place)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.attnum),
        'referenced', (SELECT pg_catalog.json_agg(a.attname ORDER BY x.place)
                       FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY AS x (attnum, place)
                       JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.attnum)
    ) ORDER BY k.conname) AS list
    -- A foreign key to a partitioned table has copies for its partitions.
    FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
    GROUP BY k.conrelid
)
SELECT pg_catalog.json_build_object(
    'tables', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'oid', r.oid::bigint, 'schema', r.nspname, 'name', r.relname, 'partitioned', r.relkind = 'p',
        -- INSERT, DELETE and UPDATE are the bits 4, 8 and 16 of a trigger, and 3, 4 and 2 of a rule.
        'always', coalesce((SELECT pg_catalog.json_agg(DISTINCT x.name) FROM (
                SELECT g.tgrelid, g.tgname::text FROM pg_catalog.pg_trigger g
                WHERE NOT g.tgisinternal AND g.tgenabled IN ('A', 'R') AND g.tgtype & 28 <> 0
              UNION ALL
                SELECT w.ev_class, w.rulename::text FROM pg_catalog.pg_rewrite w
                WHERE w.ev_enabled IN ('A', 'R') AND w.ev_type IN ('2', '3', '4')
            ) AS x (relation, name)
            WHERE x.relation = r.oid OR x.relation IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(r.oid) AS t)), '[]'),
        'columns', coalesce(c.list, '[]'),
        'primary_key', coalesce((SELECT pg_catalog.json_agg(a.attname ORDER BY x.place)
                        FROM pg_catalog.pg_constraint k, pg_catalog.unnest(k.conkey) WITH ORDINALITY AS x (attnum, place),
                             pg_catalog.pg_attribute a
                        WHERE k.conrelid = r.oid AND k.contype = 'p' AND a.attrelid = r.oid AND a.attnum = x.attnum), '[]'),
        'foreign_keys', coalesce(f.list, '[]')
    ) ORDER BY r.nspname, r.relname)
    FROM relation r
    LEFT JOIN columns c ON c.attrelid = r.oid
    LEFT JOIN foreign_keys f ON f.conrelid = r.oid
    WHERE r.relkind <> 'f' AND r.relpersistence = 'p'
      -- A row could go into a partition whose rows are not in the WAL.
      AND NOT (r.relkind = 'p' AND EXISTS (SELECT FROM pg_catalog.pg_partition_tree(r.oid) AS t
          JOIN pg_catalog.pg_class p ON p.oid = t.relid WHERE p.relkind = 'f' OR p.relpersistence = 'u'))), '[]'),
    'local', coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'table', pg_catalog.quote_ident(r.nspname) || '.' || pg_catalog.quote_ident(r.relname),
        'kind', CASE r.relkind WHEN 'f' THEN 'foreign' ELSE 'unlogged' END
    ) ORDER BY r.nspname, r.relname)
    FROM relation r WHERE r.relkind = 'f' OR r.relpersistence = 'u'), '[]')
)
