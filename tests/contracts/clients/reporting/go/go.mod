module nanite.invalid/clients/features

go 1.24.1
