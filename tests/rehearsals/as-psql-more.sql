-- The type is of another dataset, and its new value is used at once.
ALTER TYPE state ADD VALUE 'lost';
INSERT INTO invoice VALUES (3, 'lost');
