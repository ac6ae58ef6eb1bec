CREATE TABLE book (no int PRIMARY KEY, shelf text REFERENCES shelf);
INSERT INTO book VALUES (1, 'a'), (2, 'c');
