# Finds libtorch by its headers and libraries alone: its own CMake files need nvcc and Caffe2's.
# Defines Libtorch::Libtorch, and takes the C++ standard that this libtorch needs.

set(LIBTORCH_ROOT "" CACHE PATH "An unpacked libtorch to use instead of the system's")

# Another libtorch than last time: what was found in that one does not count any more.
if(NOT "${KUR_LIBTORCH_WAS}" STREQUAL "${LIBTORCH_ROOT}")
  foreach(found
      INCLUDE_DIR API_INCLUDE_DIR VERSION_HEADER LIBRARY CPU_LIBRARY C10_LIBRARY CUDA_LIBRARY
      C10_CUDA_LIBRARY)
    unset(TORCH_${found} CACHE)
  endforeach()
endif()
set(KUR_LIBTORCH_WAS "${LIBTORCH_ROOT}" CACHE INTERNAL "LIBTORCH_ROOT when it was last searched")

set(torch_headers)
set(torch_libraries)
if(LIBTORCH_ROOT)
  # Everything from there or nothing: two libtorchs in one program crash it.
  set(torch_headers PATHS ${LIBTORCH_ROOT}/include NO_DEFAULT_PATH)
  set(torch_libraries PATHS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)
endif()
find_path(TORCH_INCLUDE_DIR ATen/ATen.h ${torch_headers} REQUIRED)
find_path(TORCH_API_INCLUDE_DIR torch/torch.h
  PATHS ${TORCH_INCLUDE_DIR} PATH_SUFFIXES torch/csrc/api/include NO_DEFAULT_PATH REQUIRED)
find_file(TORCH_VERSION_HEADER NAMES torch/headeronly/version.h torch/version.h
  PATHS ${TORCH_INCLUDE_DIR} ${TORCH_API_INCLUDE_DIR} NO_DEFAULT_PATH REQUIRED)
find_library(TORCH_LIBRARY torch ${torch_libraries} REQUIRED)
find_library(TORCH_CPU_LIBRARY torch_cpu ${torch_libraries} REQUIRED)
find_library(TORCH_C10_LIBRARY c10 ${torch_libraries} REQUIRED)
find_library(TORCH_CUDA_LIBRARY torch_cuda ${torch_libraries})
find_library(TORCH_C10_CUDA_LIBRARY c10_cuda ${torch_libraries})

set(torch_version)
foreach(part MAJOR MINOR PATCH)
  file(STRINGS ${TORCH_VERSION_HEADER} line REGEX "#define TORCH_VERSION_${part} ")
  string(REGEX MATCH "[0-9]+$" number "${line}")
  list(APPEND torch_version ${number})
endforeach()
list(JOIN torch_version . KUR_LIBTORCH_VERSION)
if(KUR_LIBTORCH_VERSION VERSION_LESS 1.13)
  message(FATAL_ERROR "libtorch ${KUR_LIBTORCH_VERSION} is too old; 1.13 or newer is needed")
endif()
if(NOT CMAKE_CXX_STANDARD)
  # From 2.12 on the headers of libtorch refuse C++17.
  if(KUR_LIBTORCH_VERSION VERSION_LESS 2.12)
    set(CMAKE_CXX_STANDARD 17)
  else()
    set(CMAKE_CXX_STANDARD 20)
  endif()
endif()

# Lists the dynamic symbols of a library.
function(kur_symbols library out)
  execute_process(COMMAND ${CMAKE_NM} -DC ${library}
    OUTPUT_VARIABLE symbols RESULT_VARIABLE failed ERROR_VARIABLE error)
  if(failed)
    message(FATAL_ERROR "cannot read the symbols of ${library}: ${error}")
  endif()
  set(${out} "${symbols}" PARENT_SCOPE)
endfunction()

if(LIBTORCH_ROOT)
  kur_symbols(${TORCH_C10_LIBRARY} symbols)
  if(NOT symbols MATCHES "__cxx11")
    message(FATAL_ERROR "the libtorch in ${LIBTORCH_ROOT} is built with GCC's ABI from before C++11; "
      "take one with the C++11 ABI (\"cxx11-abi\" in the name of the archive, or 2.7 and newer), or "
      "deploy/install-libtorch.sh")
  endif()
  # A protobuf of its own inside of libtorch must not be seen by programs that use protobuf too.
  kur_symbols(${TORCH_CPU_LIBRARY} symbols)
  if(symbols MATCHES "[0-9a-f]+ [BDRTVW] (vtable for |typeinfo for )?google::protobuf::"
      AND NOT symbols MATCHES " U google::protobuf::")
    message(FATAL_ERROR "the libtorch in ${LIBTORCH_ROOT} exports a protobuf of its own, which would "
      "replace the one that kurd uses; take deploy/install-libtorch.sh")
  endif()
  # Only what is libtorch's own: beside it lie headers of protobuf and fmt, of other versions than
  # the libraries of those names that are linked.
  set(own_headers ${CMAKE_BINARY_DIR}/libtorch-headers)
  file(REMOVE_RECURSE ${own_headers})
  file(MAKE_DIRECTORY ${own_headers})
  foreach(folder ATen c10 caffe2 torch)
    if(EXISTS ${TORCH_INCLUDE_DIR}/${folder})
      file(CREATE_LINK ${TORCH_INCLUDE_DIR}/${folder} ${own_headers}/${folder} SYMBOLIC)
    endif()
  endforeach()
else()
  set(own_headers ${TORCH_INCLUDE_DIR})
endif()

add_library(Libtorch INTERFACE)
add_library(Libtorch::Libtorch ALIAS Libtorch)
# Headers of single operators: a tenth of what ATen/ATen.h takes to compile.
target_compile_definitions(Libtorch INTERFACE AT_PER_OPERATOR_HEADERS)
target_include_directories(Libtorch SYSTEM INTERFACE
  ${own_headers} ${own_headers}/torch/csrc/api/include)
# The C++ library first: wheels export parts of one of their own, and in 2.11 they do not work.
target_link_libraries(Libtorch INTERFACE
  stdc++ ${TORCH_LIBRARY} ${TORCH_CPU_LIBRARY} ${TORCH_C10_LIBRARY})

# at::parallel_for is a template: compiled without OpenMP it is a plain loop in every kernel of ours.
# The threads must be libtorch's own, so its OpenMP library is linked, the one that a wheel brings
# where there is one. Clang here has none, and ThreadSanitizer does not understand GCC's.
set(openmp "no")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT KUR_SANITIZE MATCHES "thread")
  find_package(OpenMP REQUIRED)
  set(openmp_library ${OpenMP_gomp_LIBRARY})
  if(LIBTORCH_ROOT)
    file(GLOB bundled ${LIBTORCH_ROOT}/lib/libgomp*.so*)
    if(bundled)
      list(GET bundled 0 openmp_library)
    endif()
  endif()
  target_compile_options(Libtorch INTERFACE -fopenmp)
  target_link_libraries(Libtorch INTERFACE ${openmp_library})
  set(openmp ${openmp_library})
else()
  target_compile_definitions(Libtorch INTERFACE KUR_WITHOUT_OPENMP=1)
endif()

# Where programs that are installed find it, and the folders that workers may read: the wheels of
# CUDA's libraries lie beside that of torch.
set(KUR_LIBTORCH_RPATH)
set(KUR_LIBTORCH_CUDA_FOLDER)
get_filename_component(KUR_LIBTORCH_FOLDER ${TORCH_LIBRARY} DIRECTORY)
if(LIBTORCH_ROOT)
  set(KUR_LIBTORCH_RPATH ${KUR_LIBTORCH_FOLDER})
  if(IS_DIRECTORY ${LIBTORCH_ROOT}/../nvidia)
    get_filename_component(KUR_LIBTORCH_CUDA_FOLDER ${LIBTORCH_ROOT}/../nvidia REALPATH)
  endif()
endif()

set(KUR_LIBTORCH_HAS_CUDA no)
if(TORCH_CUDA_LIBRARY AND TORCH_C10_CUDA_LIBRARY)
  # Its kernels register themselves: nothing refers to it by name.
  target_link_libraries(Libtorch INTERFACE
    -Wl,--no-as-needed ${TORCH_CUDA_LIBRARY} ${TORCH_C10_CUDA_LIBRARY} -Wl,--as-needed)
  set(KUR_LIBTORCH_HAS_CUDA yes)
endif()
message(STATUS "libtorch ${KUR_LIBTORCH_VERSION}: ${TORCH_LIBRARY}, CUDA: ${KUR_LIBTORCH_HAS_CUDA}, "
  "OpenMP: ${openmp}, C++${CMAKE_CXX_STANDARD}")
