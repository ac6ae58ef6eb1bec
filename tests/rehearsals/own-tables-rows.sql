INSERT INTO reading SELECT n, date '2030-10-01' + n FROM generate_series(1, 90) AS n;
INSERT INTO sensor VALUES (1, 'roof'), (2, 'cellar'), (3, 'door');
