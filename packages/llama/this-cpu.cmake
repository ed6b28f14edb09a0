# What the build for `make demo` does differently from that of the packages, with the same sources (ADR 160). llama.cpp's own
# CMakeLists.txt calls it (CMAKE_PROJECT_llama.cpp_INCLUDE); it takes effect at their end, when all targets are there.
function(nanite_compile_sooner)
    # Outside the kernels a token's time does not show, and -O3 takes twice as long as -O1. x64 only stands in for the best variant.
    set(plain llama llama-common llama-common-base mtmd server-context llama-server-impl cpp-httplib)
    if(NOT NANITE_BEST_VARIANT STREQUAL x64)
        list(APPEND plain ggml-cpu-x64)
    endif()
    foreach(target IN LISTS plain)
        target_compile_options(${target} PRIVATE -O1)
    endforeach()
    # Most of a small file's time goes into reading the same headers again.
    set_target_properties(llama-common mtmd PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # What is compiled last is to keep both of two cores busy.
    set_target_properties(server-context PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 3)
    # These cannot be read behind another: one specialises templates, the others refuse the headers of mtmd itself.
    set_source_files_properties(${CMAKE_SOURCE_DIR}/common/json.cpp TARGET_DIRECTORY llama-common PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set_source_files_properties(
        ${CMAKE_SOURCE_DIR}/tools/mtmd/mtmd-helper.cpp ${CMAKE_SOURCE_DIR}/tools/mtmd/mtmd-helper-gen.cpp
        TARGET_DIRECTORY mtmd PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
    )
endfunction()
cmake_language(DEFER CALL nanite_compile_sooner)
