INSERT INTO thick SELECT n, repeat(md5(n::text), 50) FROM generate_series(1, 50000) n;
ALTER ROLE replication_user SET statement_timeout = '30ms';
