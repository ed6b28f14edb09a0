module nanite.invalid/clients/go-openai

go 1.24.1

require github.com/sashabaranov/go-openai v1.43.0

require nanite.invalid/clients/features v0.0.0

replace nanite.invalid/clients/features => ../reporting/go
