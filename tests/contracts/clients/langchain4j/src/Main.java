import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaEmbeddingModel;
import dev.langchain4j.model.ollama.OllamaModels;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** LangChain4j's models of Ollama and OpenAI. */
class Main {
    interface Works {
        void run() throws Exception;
    }

    static final String GREETING = "What is the capital of France?";
    static final String URL = setting("NANITE_URL", "http://127.0.0.1:11434");
    static final String CHAT = setting("NANITE_CHAT_MODEL", "smollm2:135m");
    static final String TOOLS = setting("NANITE_TOOL_MODEL", "qwen2.5-coder:0.5b");
    static final String EMBED = setting("NANITE_EMBED_MODEL", "bge-small-en-v1.5");
    static final Duration PATIENCE = Duration.ofSeconds(Long.parseLong(setting("NANITE_FEATURE_SECONDS", "180")));
    static final JsonObjectSchema CITY =
            JsonObjectSchema.builder().addStringProperty("city").addBooleanProperty("big").required("city", "big").build();

    static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static void expect(boolean holds, Object said) {
        if (!holds) throw new IllegalStateException(String.valueOf(said));
    }

    static ChatModel ollama(String model, int tokens) {
        return OllamaChatModel.builder().baseUrl(URL).modelName(model).temperature(0.0).numPredict(tokens).timeout(PATIENCE).maxRetries(0).build();
    }

    static ChatModel openai(String model, int tokens) {
        return OpenAiChatModel.builder().baseUrl(URL + "/v1").apiKey("none").modelName(model).temperature(0.0).maxTokens(tokens)
                .timeout(PATIENCE).maxRetries(0).build();
    }

    static void answers(ChatModel model) {
        expect(!model.chat(GREETING).isBlank(), "no text");
    }

    static void streams(StreamingChatModel model) throws Exception {
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        int[] parts = {0};
        model.chat(GREETING, new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String part) {
                parts[0]++;
            }

            @Override
            public void onCompleteResponse(ChatResponse answer) {
                whole.complete(answer);
            }

            @Override
            public void onError(Throwable error) {
                whole.completeExceptionally(error);
            }
        });
        expect(!whole.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).aiMessage().text().isBlank() && parts[0] > 1, parts[0] + " parts");
    }

    static void structured(ChatModel model) {
        ResponseFormat format = ResponseFormat.builder().type(ResponseFormatType.JSON)
                .jsonSchema(JsonSchema.builder().name("city").rootElement(CITY).build()).build();
        String text = model.chat(ChatRequest.builder().messages(UserMessage.from(GREETING)).responseFormat(format).build()).aiMessage().text();
        expect(text.contains("\"city\"") && text.contains("\"big\"") && text.strip().endsWith("}"), text);
    }

    static void embeds(EmbeddingModel model) {
        expect(model.embedAll(List.of(TextSegment.from("a"), TextSegment.from("b"))).content().get(1).dimension() > 100, "too short");
    }

    static ChatRequest.Builder weather(String question) {
        ToolSpecification tool = ToolSpecification.builder().name("get_weather").description("The current weather of a city")
                .parameters(JsonObjectSchema.builder().addStringProperty("city").required("city").build()).build();
        return ChatRequest.builder().messages(UserMessage.from(question)).toolSpecifications(tool);
    }

    public static void main(String[] wanted) {
        Map<String, Works> features = new LinkedHashMap<>();
        features.put("Ollama: chat", () -> answers(ollama(CHAT, 8)));
        features.put("Ollama: streamed", () -> streams(OllamaStreamingChatModel.builder().baseUrl(URL).modelName(CHAT).numPredict(8).timeout(PATIENCE).build()));
        features.put("Ollama: JSON schema", () -> structured(ollama(TOOLS, 200)));
        features.put("Ollama: tools", () -> {
            for (String city : List.of("Paris", "Berlin", "Madrid", "Rome")) {
                ChatRequest request = weather("What is the weather in " + city + " right now? Use the tool.").build();
                if (ollama(TOOLS, 120).chat(request).aiMessage().hasToolExecutionRequests()) return;
            }
            throw new IllegalStateException("none of the questions made the model call a tool");
        });
        features.put("Ollama: models", () -> {
            OllamaModels models = OllamaModels.builder().baseUrl(URL).build();
            expect(models.availableModels().content().stream().anyMatch(at -> at.getName().equals(CHAT)), "not listed");
            models.modelCard(CHAT);
            models.runningModels();
        });
        features.put("Ollama: embeddings", () -> embeds(OllamaEmbeddingModel.builder().baseUrl(URL).modelName(EMBED).build()));
        features.put("OpenAI: chat", () -> answers(openai(CHAT, 8)));
        features.put("OpenAI: streamed", () -> streams(OpenAiStreamingChatModel.builder().baseUrl(URL + "/v1").apiKey("none").modelName(CHAT).maxTokens(8).timeout(PATIENCE).build()));
        features.put("OpenAI: JSON schema", () -> structured(OpenAiChatModel.builder().baseUrl(URL + "/v1").apiKey("none").modelName(TOOLS)
                .maxTokens(200).strictJsonSchema(true).timeout(PATIENCE).maxRetries(0)
                .supportedCapabilities(dev.langchain4j.model.chat.Capability.RESPONSE_FORMAT_JSON_SCHEMA).build()));
        features.put("OpenAI: tools, required", () -> {
            ChatResponse answer = openai(TOOLS, 120).chat(weather("What is the weather in Paris?").toolChoice(ToolChoice.REQUIRED).build());
            expect(answer.aiMessage().toolExecutionRequests().get(0).name().equals("get_weather"), answer);
        });
        features.put("OpenAI: embeddings", () -> embeds(OpenAiEmbeddingModel.builder().baseUrl(URL + "/v1").apiKey("none").modelName(EMBED).build()));

        if (wanted.length > 0) features.keySet().retainAll(List.of(wanted));
        String head = "{\"client\":\"langchain4j\",\"version\":\"" + System.getProperty("client.version", "1.11.0") + "\",";
        System.out.println(head + "\"plan\":[\"" + String.join("\",\"", features.keySet()) + "\"]}");
        features.forEach((name, works) -> {
            String detail = "";
            boolean ok = true;
            try {
                works.run();
            } catch (Throwable error) {
                ok = false;
                detail = String.valueOf(error);
            }
            String shown = detail.substring(0, Math.min(detail.length(), 800)).replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ");
            System.out.println(head + "\"feature\":\"" + name + "\",\"ok\":" + ok + ",\"detail\":\"" + shown + "\"}");
        });
        System.exit(0);
    }
}
